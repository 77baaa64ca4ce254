// Many client connections of this process, each kept after a request that was answered.

import { Buffer } from "node:buffer";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { connect } from "node:net";

/** Connections opened at a time: fewer than any listen backlog. */
const AT_A_TIME = 100;
/** Files that a process has open beside its connections, at most. */
const OTHER_FILES = 100;

export const REQUEST = Buffer.from("GET / HTTP/1.1\r\nHost: bench\r\n\r\n");

/**
 * Opens `count` connections with a request on each; resolves to their sockets when all were answered. `answered` is
 * called with each right when it was.
 */
export async function openAll(port, count, answered = () => {}) {
  const clients = [];
  for (let i = 0; i < count; i += AT_A_TIME) {
    const some = Array.from({ length: Math.min(AT_A_TIME, count - i) }, () => open(port, answered));
    clients.push(...await Promise.all(some));
  }
  return clients;
}

async function open(port, answered) {
  const socket = connect(port, "127.0.0.1");
  await once(socket, "connect");
  socket.write(REQUEST);
  await once(socket, "data");
  answered(socket);
  return socket;
}

/** @throws where a process may not have so many connections open, with what to do about it */
export function checkOpenFiles(connections) {
  const limit = Number(/^Max open files\s+(\d+)/m.exec(readFileSync("/proc/self/limits", "latin1"))?.[1]);
  const needed = connections + OTHER_FILES;
  if (limit < needed) throw new Error(`a process may have ${limit} files open; ulimit -n ${needed} first`);
}

// The built-in load client, for machines without wrk: raw sockets that each send a payload, wait for its answers,
// and send the next, on a new connection where an answer says close. Arguments: port, connections, seconds, payload
// files. Prints one line of JSON, as wrk.lua does.

import { Buffer } from "node:buffer";
import { readFileSync } from "node:fs";
import { connect } from "node:net";
import { performance } from "node:perf_hooks";
import process from "node:process";
import { takeAnswers } from "./answers.mjs";

const [port, connections, seconds] = process.argv.slice(2, 5).map(Number);
const payloads = process.argv.slice(5).map((path) => {
  const bytes = readFileSync(path);
  return { bytes, answers: bytes.toString("latin1").match(/ HTTP\/1\.1\r\n/g).length };
});
const count = { requests: 0, connect: 0, read: 0, write: 0, timeout: 0, status: 0 };

let turn = 0;
let over = false;
const clients = Array.from({ length: connections }, startClient);
const start = performance.now();

setTimeout(() => {
  over = true;
  const micros = Math.round((performance.now() - start) * 1000);
  for (const client of clients) {
    if (client.answered === 0 && !client.failed) count.timeout++;
    client.socket.destroy();
  }
  console.log(JSON.stringify({ ...count, micros }));
}, seconds * 1000);

function startClient() {
  const client = { socket: undefined, answered: 0, failed: false };
  let rest;
  let pending;
  let closes;

  const open = () => {
    const socket = connect(port, "127.0.0.1").setNoDelay(true);
    client.socket = socket;
    rest = Buffer.alloc(0);
    closes = false;
    socket.once("connect", send).on("data", receive);
    socket.on(
      "error",
      (error) => fail(socket, { connect: "connect", write: "write" }[error.syscall] ?? "read"),
    );
    socket.on("close", () => fail(socket, "read"));
  };
  const send = () => {
    const { bytes, answers } = payloads[turn++ % payloads.length];
    pending = answers;
    client.socket.write(bytes);
  };
  const receive = (chunk) => {
    try {
      rest = takeAnswers(rest.length > 0 ? Buffer.concat([rest, chunk]) : chunk, (status, head) => {
        client.answered++;
        count.requests++;
        if (status < 200 || status > 299) count.status++;
        closes ||= /^connection: *close/im.test(head);
        pending--;
      });
    } catch {
      return fail(client.socket, "read");
    }
    if (pending < 0) return fail(client.socket, "read");
    if (pending > 0) return;
    if (!closes) return send();
    const done = client.socket;
    if (!over) open();
    done.destroy();
  };
  const fail = (socket, kind) => {
    if (over || client.failed || socket !== client.socket) return;
    client.failed = true;
    count[kind]++;
    socket.destroy();
  };
  open();
  return client;
}

#!/usr/bin/env node
// What idle connections cost: CPU of a server that holds many of them for ten seconds, beside the same server with
// none, and how late each is closed after its time. Usage: node bench/idle.mjs [--runtime=LIST] [--connections=N]

import { once } from "node:events";
import net from "node:net";
import process from "node:process";
import { setTimeout as sleep } from "node:timers/promises";
import { parseArgs } from "node:util";
import { cpuSeconds, pinning } from "./lib/cpu.mjs";
import { describeMachine } from "./lib/machine.mjs";
import { RUNTIMES } from "./lib/roster.mjs";
import { startServer, stopAll } from "./lib/server_process.mjs";

/** Milliseconds over which CPU is measured. */
const MEASURED = 10_000;
/** Milliseconds that a connection may be idle: long enough to open them all, and measure, before the first ends. */
const IDLE = 20_000;
/** Milliseconds of quiet before a measurement, for the runtime to do what it does after some work. */
const SETTLE = 2_000;
/** Connections opened at a time: fewer than any listen backlog. */
const AT_A_TIME = 100;

const SERVER = { name: "mooring", file: () => "mooring_idle.ts" };
const REQUEST = "GET / HTTP/1.1\r\nHost: bench\r\n\r\n";

const { values } = parseArgs({
  options: {
    runtime: { type: "string", default: Object.keys(RUNTIMES).join() },
    connections: { type: "string", default: "5000" },
  },
});
const count = Number(values.connections);
const pins = pinning();
const machine = describeMachine({
  runtimes: values.runtime.split(","),
  load: "sockets of this process",
  pins,
});
for (const line of machine.lines) console.log(line);
process.on("exit", stopAll);

console.log(
  `\nCPU over ${MEASURED / 1000} s, and how late idle connections are closed (ms after their time)`,
);
console.log("runtime   connections  CPU with none  CPU with all  closed  lateness min..max");
for (const runtime of machine.runtimes) {
  const server = await startServer(runtime, SERVER, pins.server, [String(IDLE)]);
  await sleep(SETTLE);
  const none = await cpuOver(server.pid, MEASURED);
  const clients = await openAll(server.port);
  await sleep(SETTLE);
  const all = await cpuOver(server.pid, MEASURED);
  const early = clients.filter(({ closedAt }) => closedAt !== undefined).length;
  if (early > 0) throw new Error(`${early} connections ended while they were measured; open fewer`);
  await Promise.all(clients.map(({ closed }) => closed));
  const late = clients.map(({ idleSince, closedAt }) => closedAt - idleSince - IDLE);
  console.log(
    `${runtime.title.padEnd(10)}${String(count).padStart(11)}${ms(none).padStart(15)}${
      ms(all).padStart(14)
    }` +
      `${String(late.length).padStart(8)}  ${Math.min(...late).toFixed(0)}..${Math.max(...late).toFixed(0)}`,
  );
  stopAll();
}

function ms(seconds) {
  return `${(seconds * 1000).toFixed(0)} ms`;
}

async function cpuOver(pid, time) {
  const before = cpuSeconds(pid);
  await sleep(time);
  return cpuSeconds(pid) - before;
}

/** Opens all connections, with one request on each; resolves when all were answered. */
async function openAll(port) {
  const clients = [];
  for (let i = 0; i < count; i += AT_A_TIME) {
    const some = Array.from({ length: Math.min(AT_A_TIME, count - i) }, () => open(port));
    clients.push(...await Promise.all(some));
  }
  return clients;
}

async function open(port) {
  const socket = net.connect(port, "127.0.0.1");
  await once(socket, "connect");
  socket.write(REQUEST);
  await once(socket, "data");
  const client = { idleSince: performance.now(), closedAt: undefined, closed: undefined };
  client.closed = once(socket, "end").then(() => {
    client.closedAt = performance.now();
    socket.destroy();
  });
  return client;
}

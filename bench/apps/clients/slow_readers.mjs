// Readers that take large answers slowly, and ask again when they have one. Arguments: the port, how many, and what they
// ask for. Prints "ready" when each has begun to read, and ends when its stdin does.

import { Buffer } from "node:buffer";
import { connect } from "node:net";
import process from "node:process";
import { head } from "../../lib/workloads.mjs";
import { AnswerEnd, framingOf } from "./answer_end.mjs";

/** Milliseconds after which each takes the next 64 KiB, which is what a socket of Node reads at a time. */
const PACE = 100;

const [port, count] = process.argv.slice(2, 4).map(Number);
const payload = head(`GET ${process.argv[4]} HTTP/1.1`, ["Host: localhost"]);

process.stdin.resume().on("end", () => process.exit());
const framing = await learn();
await Promise.all(Array.from({ length: count }, startReader));
console.log("ready");

function startReader() {
  const socket = connect(port, "127.0.0.1");
  const end = new AnswerEnd(framing);
  socket.write(payload);
  setInterval(() => socket.resume(), PACE);
  return new Promise((resolve) => {
    socket.on("data", (chunk) => {
      socket.pause();
      if (end.add(chunk)) socket.write(payload);
      resolve();
    });
  });
}

/** Takes one answer as fast as it comes. */
function learn() {
  const socket = connect(port, "127.0.0.1");
  let bytes = Buffer.alloc(0);
  socket.write(payload);
  return new Promise((resolve) => {
    socket.on("data", (chunk) => {
      bytes = Buffer.concat([bytes, chunk]);
      const framing = framingOf(bytes);
      if (!framing) return;
      socket.destroy();
      resolve(framing);
    });
  });
}

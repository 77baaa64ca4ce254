// The limit on Bun: answers every chunk with a constant, parses nothing. Bun takes no backlog: it listens with 512.
// Arguments: the port, the constant in base64, and "close" where each connection is to end with its answer.

import { Buffer } from "node:buffer";
import process from "node:process";

interface Socket {
  /** How much of the answer has been taken. */
  data: number;
  setNoDelay(on: boolean): void;
  write(bytes: Uint8Array, offset: number, length: number): number;
  end(): void;
}
declare const Bun: {
  listen(options: {
    port: number;
    hostname: string;
    socket: { open(socket: Socket): void; data(socket: Socket): void; drain(socket: Socket): void };
  }): unknown;
};

const answer = new Uint8Array(Buffer.from(process.argv[3], "base64"));
const closes = process.argv[4] === "close";

function send(socket: Socket, from: number): void {
  socket.data = from + socket.write(answer, from, answer.length - from);
  if (closes && socket.data === answer.length) socket.end();
}

Bun.listen({
  port: Number(process.argv[2]),
  hostname: "127.0.0.1",
  socket: {
    open(socket) {
      socket.setNoDelay(true);
      socket.data = answer.length;
    },
    data: (socket) => send(socket, 0),
    drain(socket) {
      if (socket.data < answer.length) send(socket, socket.data);
    },
  },
});
console.log("ready");

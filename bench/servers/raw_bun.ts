// The limit on Bun: answers every chunk with a constant, parses nothing. Bun takes no backlog: it listens with 512.
// Arguments: the port, the constant in base64.

import { Buffer } from "node:buffer";
import process from "node:process";

interface Socket {
  setNoDelay(on: boolean): void;
  write(bytes: Uint8Array, offset: number, length: number): number;
}
declare const Bun: {
  listen(options: {
    port: number;
    hostname: string;
    socket: { open(socket: Socket): void; data(socket: Socket): void };
  }): unknown;
};

const answer = new Uint8Array(Buffer.from(process.argv[3], "base64"));

Bun.listen({
  port: Number(process.argv[2]),
  hostname: "127.0.0.1",
  socket: {
    open: (socket) => socket.setNoDelay(true),
    data: (socket) => {
      socket.write(answer, 0, answer.length);
    },
  },
});
console.log("ready");

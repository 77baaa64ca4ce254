// The limit on Deno: answers every chunk with a constant, parses nothing. The next read is issued without awaiting
// the write, and with plain callbacks: an async loop costs more. Arguments: the port, the constant in base64.

import { Buffer } from "node:buffer";
import process from "node:process";

interface Conn {
  setNoDelay(on: boolean): void;
  read(buffer: Uint8Array): Promise<number | null>;
  write(bytes: Uint8Array): Promise<number>;
  close(): void;
}
declare const Deno: {
  listen(options: { port: number; hostname: string; tcpBacklog: number }): AsyncIterable<Conn>;
};

const answer = new Uint8Array(Buffer.from(process.argv[3], "base64"));
const written = () => {};
const failed = () => {}; // the read that is under way tells of the end

function serveConn(conn: Conn): void {
  conn.setNoDelay(true);
  const buffer = new Uint8Array(16 * 1024);
  const close = () => conn.close();
  const onRead = (count: number | null) => {
    if (count === null) return close();
    conn.write(answer).then(written, failed);
    conn.read(buffer).then(onRead, close);
  };
  conn.read(buffer).then(onRead, close);
}

const listener = Deno.listen({ port: Number(process.argv[2]), hostname: "127.0.0.1", tcpBacklog: 1024 });
console.log("ready");
for await (const conn of listener) serveConn(conn);

// The limit on Deno: answers every chunk with a constant, parses nothing. The next read is issued without awaiting
// the write, and with plain callbacks: an async loop costs more. Arguments: the port, the constant in base64, and
// "close" where each connection is to end with its answer.

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
const closes = process.argv[4] === "close";

function serveConn(conn: Conn): void {
  conn.setNoDelay(true);
  const buffer = new Uint8Array(16 * 1024);
  let sent = 0;
  const close = () => conn.close();
  const failed = closes ? close : () => {}; // a read that is under way tells of the end
  const onWritten = (count: number) => {
    sent += count;
    if (sent < answer.length) conn.write(answer.subarray(sent)).then(onWritten, failed);
    else if (closes) close();
  };
  const onRead = (count: number | null) => {
    if (count === null) return close();
    sent = 0;
    conn.write(answer).then(onWritten, failed);
    if (!closes) conn.read(buffer).then(onRead, close);
  };
  conn.read(buffer).then(onRead, close);
}

const listener = Deno.listen({ port: Number(process.argv[2]), hostname: "127.0.0.1", tcpBacklog: 1024 });
console.log("ready");
for await (const conn of listener) serveConn(conn);

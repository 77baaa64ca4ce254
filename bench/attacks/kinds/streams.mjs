// Connections that send as much as they are let: pipelined requests, and bodies in chunks of one byte.

import { Buffer } from "node:buffer";
import { dial, hold } from "./sockets.mjs";

/** Bytes of a write. */
const SEGMENT = 64 * 1024;
/** Connections that pipeline: one of them fills the server's core. */
const PIPELINES = 4;
/** Connections that read nothing: each stands for memory. */
const UNREAD = 20;
const UPLOADS = 16;
/** Chunks of a body. */
const CHUNKS = 100_000;

const get = (path) => fill(`GET ${path} HTTP/1.1\r\nHost:\r\n\r\n`);

export const unreadPipelines = {
  title: "pipelines, unread",
  what: `${UNREAD} connections that ask for texts of 16 KiB without an end and read nothing`,
  held: UNREAD,
  start: (target) => hold(UNREAD, () => pour(dial(target).pause(), get("/text"))),
};

export const readPipelines = {
  title: "pipelines, read",
  what: `${PIPELINES} connections that ask without waiting and read all answers`,
  held: PIPELINES,
  start: (target) => hold(PIPELINES, () => pour(dial(target).resume(), get("/"))),
};

export const workingPipelines = {
  title: "pipelines, 30 µs of work",
  what: `${PIPELINES} connections that ask without waiting, where the handler computes for 30 µs`,
  held: PIPELINES,
  start: (target) => hold(PIPELINES, () => pour(dial(target).resume(), get("/work"))),
};

export const oneByteChunks = {
  title: "one-byte chunks",
  what: `${UPLOADS} connections that upload without an end, in chunks of one byte`,
  held: UPLOADS,
  start: (target) => {
    const body = "POST /upload HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n" +
      "1\r\nx\r\n".repeat(CHUNKS) + "0\r\n\r\n";
    return hold(UPLOADS, () => pour(dial(target).resume(), Buffer.from(body)));
  },
};

/** As many requests as a segment holds. */
function fill(request) {
  return Buffer.from(request.repeat(Math.floor(SEGMENT / request.length)));
}

/** Writes `bytes` again and again, as fast as the server takes them, and in turn with the other sockets. */
function pour(socket, bytes) {
  const next = () => {
    if (!socket.destroyed) socket.write(bytes, () => setImmediate(next));
  };
  socket.once("connect", next);
  return socket;
}

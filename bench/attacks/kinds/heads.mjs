// Heads that are large, many-lined, or wrong: each on a connection of its own, until it is answered.

import { Buffer } from "node:buffer";
import { dial, repeat } from "./sockets.mjs";

const IN_FLIGHT = 32;

const fields = (count, bytes) =>
  Array.from({ length: count }, (_, i) => `X-${i}: ${"v".repeat(bytes)}\r\n`).join("");

const BOMBS = [
  `GET / HTTP/1.1\r\nHost: a\r\n${fields(95, 150)}\r\n`, // just within the limits of most servers
  `GET / HTTP/1.1\r\nHost: a\r\n${fields(10_000, 1)}\r\n`,
  `GET / HTTP/1.1\r\nHost: a\r\n${fields(4, 64 * 1024)}\r\n`,
  `GET /${"a".repeat(256 * 1024)} HTTP/1.1\r\nHost: a\r\n\r\n`,
  `GET / HTTP/1.1\r\nHost: a\r\n${"a".repeat(256 * 1024)}`, // a name without an end
].map((text) => Buffer.from(text, "latin1"));

const SMUGGLED = "GET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n";

/** Requests that two parsers could understand differently (RFC 9112 §11.2), and bytes that are none. */
const GARBAGE = [
  `POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n${SMUGGLED}`,
  `POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\nContent-Length: 36\r\n\r\n${SMUGGLED}`,
  `POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: xchunked\r\n\r\n0\r\n\r\n${SMUGGLED}`,
  `POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding : chunked\r\n\r\n0\r\n\r\n${SMUGGLED}`,
  `POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n-1\r\n\r\n${SMUGGLED}`,
  `POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nffffffffffffffffff\r\n${SMUGGLED}`,
  `GET / HTTP/1.1\r\nHost: a\r\n X: folded\r\n\r\n${SMUGGLED}`,
  `GET / HTTP/1.1\nHost: a\n\n${SMUGGLED}`,
  `GET / HTTP/1.1\r\nHost: a\r\nX: a\0b\r\n\r\n`,
  `GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n`,
  `GET / HTTP/1.1\rHost: a\r\r`,
  `PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n`,
  `\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03${"\x80".repeat(500)}`, // a TLS client
  "\0\xff".repeat(8 * 1024),
].map((text) => Buffer.from(text, "latin1"));

export const headerBombs = {
  title: "header bombs",
  what: "heads of 10,000 lines, of 256 KiB, or just within the limits",
  held: IN_FLIGHT,
  start: (target) => repeat(IN_FLIGHT, sendEachOf(BOMBS, target)),
};

export const garbage = {
  title: "garbage",
  what: "ambiguous requests, TLS and random bytes",
  held: IN_FLIGHT,
  start: (target) => repeat(IN_FLIGHT, sendEachOf(GARBAGE, target)),
};

/** In turn, each on a new connection that is closed at the first bytes of an answer. */
function sendEachOf(payloads, target) {
  let turn = 0;
  return () => {
    const socket = dial(target).once("data", () => socket.destroy());
    socket.write(payloads[turn++ % payloads.length]);
    return socket;
  };
}

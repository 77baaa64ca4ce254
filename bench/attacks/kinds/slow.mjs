// Clients that are slow on purpose: a head or a body that comes a byte a second, and answers that nobody reads.

import { dial, hold } from "./sockets.mjs";

/** Milliseconds between two bytes. */
const PACE = 1_000;
const HELD = 500;
/** Unread answers are held by the kernel, too: some megabytes for each connection. */
const READERS = 100;
/** Answers of 64 KiB asked for on a connection: more than the kernel keeps. */
const ANSWERS = 128;

export const slowHeads = {
  title: "slow heads",
  what: `${HELD} connections whose heads come a byte a second`,
  held: HELD,
  start: (target) => hold(HELD, () => trickle(dial(target), "GET / HTTP/1.1\r\nHost: a\r\nX-Slow: ")),
};

export const slowBodies = {
  title: "slow bodies",
  what: `${HELD} connections whose bodies come a byte a second`,
  held: HELD,
  start: (target) =>
    hold(
      HELD,
      () => trickle(dial(target), "POST /upload HTTP/1.1\r\nHost: a\r\nContent-Length: 1000000\r\n\r\n"),
    ),
};

export const slowReaders = {
  title: "slow readers",
  what: `${READERS} connections that ask for ${ANSWERS} × 64 KiB and read nothing`,
  held: READERS,
  start: (target) =>
    hold(READERS, () => {
      const socket = dial(target).pause();
      socket.write("GET /page HTTP/1.1\r\nHost: a\r\n\r\n".repeat(ANSWERS));
      return socket;
    }),
};

/** Sends `first`, and from then on a byte at a time. */
function trickle(socket, first) {
  socket.resume();
  socket.write(first);
  const timer = setInterval(() => socket.write("x"), PACE);
  return socket.once("close", () => clearInterval(timer));
}

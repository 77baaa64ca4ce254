// Connections that say nothing, or nothing that would come to an end: HTTP that does not begin, TLS handshakes that stall.

import { once } from "node:events";
import { Duplex } from "node:stream";
import { connect } from "node:tls";
import { dial, hold, repeat } from "./sockets.mjs";

const SILENT = 4_000;
/** `maxConnections` of a server with a cap. */
const CAP = 1_000;
/** Handshakes of each kind that stall. */
const STALLED = 250;
/** Handshakes at a time that the client gives up. */
const GIVEN_UP = 4;
/** Milliseconds between them. */
const PAUSE = 10;

const silence = {
  what: `${SILENT.toLocaleString("en-US")} connections that say nothing`,
  held: SILENT,
  start: (target) => hold(SILENT, () => dial(target).resume()),
};

export const idleHoarding = { ...silence, title: "idle hoarding" };

export const cappedHoarding = {
  ...silence,
  title: "idle hoarding, capped",
  what: `the same, where Mooring has \`maxConnections: ${CAP}\``,
  cap: CAP,
  held: CAP,
};

export const stalledHandshakes = {
  title: "stalled handshakes",
  what:
    `TLS: ${STALLED} connections that say nothing and ${STALLED} with half a ClientHello; others close or half-close ` +
    "in the middle",
  tls: true,
  held: 2 * STALLED,
  async start(target) {
    const half = await halfClientHello();
    const stall = () => {
      const socket = dial(target).resume();
      socket.write(half);
      return socket;
    };
    const close = (socket) => socket.once("connect", () => setImmediate(() => socket.destroy()));
    repeat(GIVEN_UP, () => close(stall()), PAUSE);
    repeat(GIVEN_UP, () => stall().end(), PAUSE);
    await hold(STALLED, stall);
    await hold(STALLED, () => dial(target).resume());
  },
};

/** The first half of what a TLS client says first. */
async function halfClientHello() {
  const wire = new Duplex({
    read() {},
    write(bytes, _, done) {
      this.emit("hello", bytes);
      done();
    },
  });
  const said = once(wire, "hello");
  const client = connect({ socket: wire }).on("error", () => {});
  const [hello] = await said;
  client.destroy();
  return hello.subarray(0, hello.length >> 1);
}

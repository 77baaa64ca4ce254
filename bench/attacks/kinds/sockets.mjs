// How an attacker opens connections: many that are held, each replaced when it ends, or one after the other, so many
// at a time. Only to this machine.

import { connect } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";

const HOST = "127.0.0.1";
/** Connections that are being opened at a time: fewer than any listen backlog. */
const AT_A_TIME = 64;
/** Milliseconds until a held connection that has ended is replaced: spread, so that they do not come in waves. */
const REPLACE_AFTER = { least: 500, most: 1_500 };
/** Milliseconds after which the attack begins with those connections that are open. */
const OPENING = 2_000;
/** Milliseconds of silence after which an attempt is given up. */
const ATTEMPT_TIMEOUT = 1_000;

/** A connection; its errors are of no interest, its end is "close". */
export function dial({ port, tally }) {
  tally.connections++;
  return connect({ port, host: HOST, noDelay: true }).on("error", () => {});
}

/** Holds `count` connections that `open` opens; resolves when all are open, or enough time has gone by. */
export function hold(count, open) {
  const openAll = async () => {
    for (let i = 0; i < count; i += AT_A_TIME) {
      await Promise.all(Array.from({ length: Math.min(AT_A_TIME, count - i) }, () => keep(open)));
    }
  };
  return Promise.race([openAll(), sleep(OPENING)]);
}

/** Keeps one connection open; resolves when it is for the first time, or could not be opened. */
function keep(open) {
  const { least, most } = REPLACE_AFTER;
  return new Promise((resolve) => {
    open().once("connect", resolve).once("close", () => {
      resolve();
      setTimeout(keep, least + Math.random() * (most - least), open);
    });
  });
}

/** Makes attempts without end, `inFlight` at a time: each is a socket, and over when that closes. */
export function repeat(inFlight, attempt, pause = 0) {
  const next = () => {
    const socket = attempt();
    socket.setTimeout(ATTEMPT_TIMEOUT, () => socket.destroy());
    socket.once("close", () => setTimeout(next, pause));
  };
  for (let i = 0; i < inFlight; i++) next();
}

// How the load test writes its figures, for the terminal and for the tables of the report.

import { thousands } from "../lib/table.mjs";
import { countUnanswered } from "./tally.mjs";

/** What an error's code means to whoever reads it here, where there is something to do about it. */
const HINTS = {
  EADDRNOTAVAIL:
    "no local port was free: connections closed a moment ago still hold theirs; send fewer requests",
  EMFILE: "too many open files: raise ulimit -n or use fewer connections",
  ECONNREFUSED: "the server does not listen any more",
};

/** Never rounded up: only what is complete reads 100 %. */
export function share(part, whole) {
  if (whole === 0) return "-";
  return part === whole ? "100 %" : `${(Math.floor(part / whole * 10_000) / 100).toFixed(2)} %`;
}

/** Milliseconds, in the unit that suits. */
export function time(ms) {
  if (ms === undefined) return "-";
  if (ms < 0.9995) return `${(ms * 1000).toFixed(0)} µs`;
  if (ms < 999.5) return `${ms.toPrecision(3)} ms`;
  return `${(ms / 1000).toPrecision(3)} s`;
}

export const seconds = (value) => `${value.toFixed(2)} s`;

/** The two ways of a load test, by whether they reconnect. */
export const modeName = (reconnect) => reconnect ? "new connection each" : "persistent";

/** The cells of `latency` under these. */
export const LATENCY_COLUMNS = ["mean", "p50", "p90", "p99", "p99.9", "max"];

export function latencyCells(latency) {
  return ["mean", "p50", "p90", "p99", "p99_9", "max"].map((name) => time(latency?.[name]));
}

/** What a result has to say beside its figures, as lines. */
export function remarks({ sent, ok, other, errors, timeouts, lost, endedIdle, kept }) {
  const lines = Object.entries(errors).map(([code, count]) =>
    `${plural(count, "request")} failed with ${code}${HINTS[code] ? ` (${HINTS[code]})` : ""}`
  );
  if (timeouts > 0) lines.push(`${plural(timeouts, "request")} timed out`);
  if (lost > 0) lines.push(`${plural(lost, "request")} lost: the connection ended without an answer`);
  if (other > 0) lines.push(`${plural(other, "answer")} of ${thousands(ok + other)} were not 2xx`);
  if (endedIdle > 0) {
    lines.push(
      `${plural(endedIdle, "connection")} ended while nothing was asked of them: no request failed by it`,
    );
  }
  if (kept < sent) {
    lines.push(`${thousands(kept)} of ${thousands(sent)} answers left their connection open`);
  }
  return lines;
}

/** Whether every request that was sent, and every one that should have been, was answered with 2xx. */
export function isComplete(result, amount = 1) {
  return result.ok === result.sent && result.sent >= amount && countUnanswered(result) === 0;
}

function plural(count, noun) {
  return `${thousands(count)} ${noun}${count === 1 ? "" : "s"}`;
}

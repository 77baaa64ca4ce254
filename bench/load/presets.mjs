// The published load tests that are repeated here, and what was published of them. Other machines and other programs:
// the order of magnitude compares, and the servers of one table with each other.

import { execFileSync } from "node:child_process";
import { runLoad } from "./run.mjs";
import { runAb, runWrk, toolVersion } from "./tools.mjs";

/** Milliseconds until an answer counts as missing. */
const TIMEOUT = 10_000;
/** Seconds after which a run is ended, done or not: ten times what the slowest needs. */
const LIMIT = 60;
/** Open files that a server or the load needs besides its connections. */
const OTHER_FILES = 200;

const METRICS = { clients: 100, pause: 5 };
const MANY = { connections: 10_000, each: 3, pause: 2_500 };

/**
 * A preset runs each of its `loads` on each server. A load is `{ name, amount?, run({ url, pin, seconds, ...hooks }) }`
 * and resolves to a result as `runLoad()` does, or to as much of it as its tool tells. `published` are rows as well, by
 * the keys of COLUMNS in section.mjs. `chart` is the figure that its bars show, or `curve` for the whole distribution.
 */
export const PRESETS = {
  metrics: {
    title: "A metrics server's load test: clients that ask every 5 ms",
    note:
      "100 clients × 100 requests and 10 × 10, each client waiting 5 ms after an answer; over persistent " +
      "connections, and as that server began, with a new connection for each request. Timers are exact to 1 ms.",
    loads: [
      clients("100 × 100, persistent", METRICS.clients, 100, METRICS.pause, false),
      clients("100 × 100, new connections", METRICS.clients, 100, METRICS.pause, true),
      clients("10 × 10, persistent", 10, 10, METRICS.pause, false),
    ],
    chart: "p50",
    published: [
      { server: "C++, before its fix", load: "100 × 100", answered: "46 to 51 %", mean: "2.05 ms" },
      {
        server: "C++, fixed",
        load: "100 × 100, persistent",
        answered: "100 %",
        rate: "2,254",
        time: "4.4 s",
      },
      { server: "C++, fixed", load: "new connections", answered: "100 %", mean: "650 µs" },
      { server: "C++, fixed", load: "10 × 10, persistent", answered: "100 %", mean: "246 µs" },
    ],
  },
  sequential: {
    title: "10,000 sequential requests on one connection",
    note:
      "A Go engine's report left this open against its platform's server, so it has no figure. One request is " +
      "under way at a time: the time of each is mostly the way between two processes and the work of the client.",
    loads: [clients("1 × 10,000", 1, 10_000, 0, false)],
    chart: "curve",
    published: [],
  },
  ab: {
    title: "ab -k -n 10000 -c 100",
    note:
      "Planned, with a projection, by a compiled TypeScript runtime. ab speaks HTTP/1.0 and asks for keep-alive.",
    unavailable: () =>
      toolVersion("ab", "-V") ? undefined : "ab is not installed (Debian has it in apache2-utils)",
    loads: [{
      name: "100 × 100, persistent",
      amount: 10_000,
      run: ({ url, pin }) => runAb({ url, pin, requests: 10_000, connections: 100 }),
    }],
    chart: "requestsPerSecond",
    published: [
      { server: "Nova, loop (projected)", rate: "500 to 1,000" },
      { server: "Nova, event loop (projected)", rate: "2,000 to 5,000" },
    ],
  },
  wrk: {
    title: "wrk -t4 -c100",
    note: "Planned by the same runtime, there with -d30s. The four threads share the client's core.",
    unavailable: () => toolVersion("wrk", "-v") ? undefined : "wrk is not installed (Debian has it in wrk)",
    loads: [{
      name: "100 connections",
      run: ({ url, pin, seconds }) => runWrk({ url, pin, seconds, threads: 4, connections: 100 }),
    }],
    chart: "requestsPerSecond",
    published: [{ server: "Nova, event loop (projected)", rate: "2,000 to 5,000" }],
  },
  connections: {
    title: "10,000 connections at once",
    note:
      `Each of them brings ${MANY.each} requests, ${
        MANY.pause / 1000
      } s apart, so that all are open together. ` +
      "They start at once: the latencies are those of a crowd. The metrics server named 10,000 as next, the compiled " +
      "runtime planned over 1,000.",
    unavailable: () => tooFewFiles(MANY.connections + OTHER_FILES),
    loads: [clients("10,000 × 3, persistent", MANY.connections, MANY.each, MANY.pause, false)],
    chart: "curve",
    published: [],
  },
};

function clients(name, connections, each, pause, reconnect) {
  const amount = connections * each;
  const job = { connections, amount, pause, reconnect, seconds: LIMIT, timeout: TIMEOUT };
  return { name, amount, run: ({ url, hooks }) => runLoad({ ...job, url }, hooks) };
}

function tooFewFiles(needed) {
  const limit = execFileSync("sh", ["-c", "ulimit -n"], { encoding: "utf8" }).trim();
  if (limit === "unlimited" || Number(limit) >= needed) return undefined;
  return `it needs ${needed} open files, the limit is ${limit}: ulimit -n ${needed}`;
}

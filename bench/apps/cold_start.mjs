// Cold start: each server in a fresh process, one after another, many times in turn: the time from the start of the
// process to its first answer, and the memory that is resident before the first request. Mooring is the built package.

import { readFileSync } from "node:fs";
import { connect } from "node:net";
import { join } from "node:path";
import { performance } from "node:perf_hooks";
import { setTimeout as delay } from "node:timers/promises";
import { pathToFileURL } from "node:url";
import { guarded } from "../lib/interleaved.mjs";
import { freePort, spawnServer } from "../lib/server_process.mjs";
import { spread } from "../lib/stats.mjs";
import { rowFacts } from "./figures.mjs";
import { serversOf } from "./roster.mjs";

/** What is shown as a row. */
export const COLD_START = { name: "cold-start", title: "Cold start to the first answer" };

const PROGRAM = { file: () => "../apps/servers/cold.mjs" };

/** Starts of each server. A start takes a fraction of a second, and varies by a tenth. */
const STARTS = 15;
const START_SECONDS = 0.3;
/** How often a port is tried, and for how long, in milliseconds. */
const TRY_EVERY = 1;
const GIVE_UP_AFTER = 15_000;

const REQUEST = "GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";

/** The modules that serve; what has none is the runtime's own. */
const PEER_MODULES = { node: "@hono/node-server" };

/** @returns what it gave on the runtime, as it is in the JSON */
export async function measureColdStart(runtime, row, options, { pins }) {
  const entries = serversOf(runtime, options).map((spec) => ({ ...spec, starts: [] }));
  for (let i = 0; i < STARTS; i++) {
    for (const entry of entries.filter(({ error }) => !error)) {
      await guarded(entry, async () => entry.starts.push(await start(runtime, entry, pins.server)));
    }
  }
  const peer = entries.find(({ role }) => role === "peer");
  return {
    ...rowFacts(runtime, row),
    servers: entries.map((entry) => figuresOf(entry, peer)),
  };
}

/** The seconds that all starts of a server take, about. */
export function coldStartSeconds() {
  return STARTS * START_SECONDS;
}

function figuresOf({ id, name, role, error, starts }, peer) {
  if (error) return { id, name, role, error };
  const ratios = role === "peer" || peer.error
    ? undefined
    : starts.map(({ ms }, i) => peer.starts[i].ms / ms);
  return {
    id,
    name,
    role,
    milliseconds: spread(starts.map(({ ms }) => ms)),
    residentBytes: spread(starts.map(({ bytes }) => bytes)).median,
    peerToThis: ratios && spread(ratios),
  };
}

/** Starts a server, asks it once, and ends it. */
async function start(runtime, { settings, role }, pin) {
  const port = await freePort();
  const module = role === "peer"
    ? PEER_MODULES[runtime.id]
    : pathToFileURL(join(settings.checkout, "dist/mod.js")).href;
  const began = performance.now();
  const server = spawnServer(runtime, PROGRAM, pin, [String(port), ...module ? [module] : []]);
  try {
    while (performance.now() - began < GIVE_UP_AFTER) {
      const bytes = await tryAsking(port, server.pid);
      if (bytes !== undefined) return { ms: performance.now() - began, bytes };
      await delay(TRY_EVERY);
    }
    throw new Error(`no answer after ${GIVE_UP_AFTER} ms`);
  } finally {
    server.kill("SIGKILL");
  }
}

/** Answers with the memory that was resident before the request, or nothing where nobody listens yet. */
function tryAsking(port, pid) {
  return new Promise((resolve, reject) => {
    let bytes;
    const socket = connect(port, "127.0.0.1", () => {
      bytes = residentBytes(pid);
      socket.write(REQUEST);
    });
    socket.on("error", () => resolve(undefined));
    socket.once("data", (answer) => {
      socket.destroy();
      if (answer.includes("200 OK")) resolve(bytes);
      else reject(new Error(`it answered ${answer}`));
    });
  });
}

/** Linux alone tells. */
function residentBytes(pid) {
  try {
    return 1024 * Number(/^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, "latin1"))[1]);
  } catch {
    return NaN;
  }
}

/**
 * A program that measures what one request on a reused connection allocates, and prints it as an `Allocation`. It
 * must be started as `without_collection.ts` says. Arguments: a handler of `HANDLERS`, a clock of `CLOCKS`.
 */
import process from "node:process";
import { FastResponse } from "../../mod.ts";
import { type Clock, systemClock } from "../../src/core/clock.ts";
import type { ConnectionOptions } from "../../src/api/options.ts";
import { tracer } from "../../src/adapters/diagnostics.ts";
import { HttpServer } from "../../src/server/http_server.ts";
import { connectionSettings } from "../../src/options/settings.ts";
import { SinkTransport } from "./sink_transport.ts";

/** Bytes a request. */
export interface Allocation {
  /** On the garbage-collected heap. */
  readonly heap: number;
  /** Beside it, the memory of typed arrays. Bun tells of it only after a collection, so that it is 0 there. */
  readonly external: number;
}

/**
 * Connections that take turns, so that where handlers are asynchronous one turn of the event loop serves many; fewer
 * than the exchanges that the pool keeps.
 */
const CONNECTIONS = 100;

/** How often it is measured. The first times are the compilers'; the median of as many as follow is what counts. */
const ROUNDS_TO_WARM_UP = 10;
const ROUNDS = 9;

const FIELDS = { "content-type": "text/plain" };

/** `requests` are those of a round: enough to tell a byte a request, and few enough to fit into the young generation. */
const HANDLERS: Readonly<Record<string, { readonly options: ConnectionOptions; readonly requests: number }>> =
  {
    exchange: { options: { exchange: (x) => x.respond(200, FIELDS, "hello") }, requests: 100_000 },
    fetch: { options: { fetch: () => new FastResponse("hello") }, requests: 20_000 },
    native: { options: { fetch: () => new Response("hello") }, requests: 2_000 },
  };

const CLOCKS: Readonly<Record<string, Clock>> = {
  system: systemClock,
  still: {
    now: () => 1000,
    calendar: () => Date.UTC(2026, 0, 1),
    schedule: () => null,
    nextTurn: () => {},
    endOfTurn: () => {},
    turnLength: 2,
    cancel: () => {},
  },
};

const REQUEST = new TextEncoder().encode("GET / HTTP/1.1\r\nHost: a.example\r\n\r\n");

const [handler, clock] = process.argv.slice(2);
const { options, requests } = HANDLERS[handler];
const server = new HttpServer(options, connectionSettings(options), CLOCKS[clock], undefined, tracer);
const clients = Array.from({ length: CONNECTIONS }, () => new SinkTransport());
for (const client of clients) server.accept(client);

const { collect, read } = await meter();
const rounds: Allocation[] = [];
while (rounds.length < ROUNDS_TO_WARM_UP + ROUNDS) {
  await turn(); // for what the compilers have ready
  collect();
  const before = read();
  await bring(requests);
  const after = read();
  rounds.push({
    heap: (after.heap - before.heap) / requests,
    external: (after.external - before.external) / requests,
  });
}
const steady = rounds.slice(ROUNDS_TO_WARM_UP);
const told: Allocation = {
  heap: median(steady.map(({ heap }) => heap)),
  external: median(steady.map(({ external }) => external)),
};
console.log(JSON.stringify(told));
process.exit(0);

/** Brings so many requests, and waits for the answers where they are not there at once. */
async function bring(count: number): Promise<void> {
  for (let brought = 0; brought < count; brought += CONNECTIONS) {
    const writes = clients[0].writes + 1;
    bringOneEach();
    while (!allHave(writes)) await turn();
  }
}

// These loop over indices, since an iterator would be measured too.

function bringOneEach(): void {
  for (let i = 0; i < CONNECTIONS; i++) clients[i].send(REQUEST);
}

function allHave(writes: number): boolean {
  for (let i = 0; i < CONNECTIONS; i++) if (clients[i].writes < writes) return false;
  return true;
}

function median(values: number[]): number {
  return values.sort((a, b) => a - b)[values.length >> 1];
}

/** Lets the event loop turn once. */
function turn(): Promise<void> {
  return new Promise((resolve) => void setImmediate(resolve));
}

/** How to begin from a clean heap, and to read how large it is. */
async function meter(): Promise<{ collect(): void; read(): Allocation }> {
  if ("Bun" in globalThis) {
    const name = "bun:jsc"; // other runtimes' type checkers do not know it
    const { heapStats } = await import(name) as {
      heapStats(): { heapCapacity: number; extraMemorySize: number };
    };
    // Without collections nothing is used again: each allocation takes new memory, of which blocks are counted.
    const read = (): Allocation => {
      const { heapCapacity, extraMemorySize } = heapStats();
      return { heap: heapCapacity, external: extraMemorySize };
    };
    return { collect: () => {}, read };
  }
  const { gc } = globalThis as unknown as { gc(): void };
  const collect = (): void => {
    gc();
    gc(); // it waits for what the first one frees in the background
  };
  const read = (): Allocation => {
    const { heapUsed, external } = process.memoryUsage();
    return { heap: heapUsed, external };
  };
  return { collect, read };
}

/**
 * A process that serves at several places at once, with both kinds of handlers, and tells how it fares. Its argument
 * says where, as JSON; it prints where each place is, and where it can be asked. At `/restart` each of its servers
 * drains while another takes its place; at `/leave` they drain, and the process ends.
 */
import process from "node:process";
import { setTimeout as delay } from "node:timers/promises";
import { ConnectionError, ProtocolError, serve, type Server } from "../../mod.ts";
import type { ServeOptions } from "../../src/api/options.ts";
import { FIRST } from "../support/certificates.ts";
import { exchange, fetch } from "./handlers.ts";
import type { PlaceOptions, ServerState } from "./process.ts";

/** Shorter than by default, so that what a client leaves behind is over before a run is; in milliseconds. */
const LIMITS: ServeOptions = {
  headerTimeout: 5_000,
  idleTimeout: 10_000,
  lingerTimeout: 1_000,
  writeTimeout: 10_000,
};
/** How long a server may take to finish what is under way, in milliseconds: longer than any client. */
const DRAIN_TIMEOUT = 30_000;
const IDLE_GRACE = 500;
/** Between two attempts to listen at a place that is not free yet, in milliseconds, and how many there are. */
const LISTEN_RETRY = 5;
const LISTEN_ATTEMPTS = 1_000;

const places: PlaceOptions[] = JSON.parse(process.argv[2]);
const servers: Server[] = [];
const faults: string[] = [];
/** Of servers that have ended. */
const past = { accepted: 0, closed: 0, forced: 0 };
/** Servers that drain. */
let draining = 0;

process.on("uncaughtException", (error) => faults.push(`uncaught: ${error?.stack}`));
process.on("unhandledRejection", (error) => faults.push(`unhandled: ${(error as Error)?.stack ?? error}`));

/** That a client goes away, or breaks its body off, is what clients here do. */
function onError(error: unknown): void {
  if (error instanceof ConnectionError || error instanceof ProtocolError) return;
  faults.push(`handler: ${(error as Error)?.stack ?? error}`);
}

async function listen({ handler, tls, ...where }: PlaceOptions): Promise<Server> {
  const options = {
    ...LIMITS,
    ...where,
    ...handler === "fetch" ? { fetch } : { exchange },
    ...tls && { tls: FIRST },
    onError,
  };
  for (let attempt = 0;; attempt++) {
    try {
      return await serve(options);
    } catch (error) {
      if (attempt === LISTEN_ATTEMPTS) throw error;
      await delay(LISTEN_RETRY);
    }
  }
}

async function drain(server: Server): Promise<void> {
  draining++;
  const { forced } = await server.shutdown({ idleGrace: IDLE_GRACE, timeout: DRAIN_TIMEOUT });
  count(server, past);
  past.forced += forced;
  draining--;
}

/** Adds the connections of a server to `counts`. */
function count(server: Server, counts: { accepted: number; closed: number }): void {
  const { accepted, closed } = server.stats();
  counts.accepted += accepted;
  counts.closed += Object.values(closed).reduce((sum, count) => sum + count, 0);
}

async function restart(): Promise<void> {
  for (const [i, server] of servers.entries()) {
    const { addr } = server;
    void drain(server);
    servers[i] = await listen(addr.transport === "tcp" ? { ...places[i], port: addr.port } : places[i]);
  }
}

async function leave(): Promise<void> {
  const over = Promise.all(servers.splice(0).map(drain)); // their listeners are closed from here on
  void over.then(async () => {
    await control.shutdown();
    console.log(JSON.stringify(state()));
    process.exit(0);
  });
}

function state(): ServerState {
  collectGarbage();
  const state = { open: 0, ...past };
  for (const server of servers) {
    state.open += server.stats().open;
    count(server, state);
  }
  const { rss, heapUsed, external } = process.memoryUsage();
  return { ...state, draining, faults, rss, heap: heapUsed + external, timers: timers() };
}

/** Timers under way, where the runtime tells. */
function timers(): number {
  const resources = (process as { getActiveResourcesInfo?(): string[] }).getActiveResourcesInfo?.() ?? [];
  return resources.filter((name) => name === "Timeout").length;
}

function collectGarbage(): void {
  const { Bun, gc } = globalThis as { Bun?: { gc(sync: boolean): void }; gc?: () => void };
  if (Bun !== undefined) Bun.gc(true);
  else gc?.();
}

for (const place of places) servers.push(await listen(place));
const control = await serve({
  port: 0,
  hostname: "127.0.0.1",
  async fetch(request) {
    const { pathname } = new URL(request.url);
    if (pathname === "/restart") await restart();
    else if (pathname === "/leave") await leave();
    return Response.json(state());
  },
});
const addrs = servers.map(({ addr }) => addr);
console.log(JSON.stringify({ pid: process.pid, addrs, control: control.addr }));

/**
 * One run: a server with the real engine, the plan's clients, operator and callbacks, in one simulated time. First
 * everybody does what the plan says; then all clients go, and time passes beyond every limit.
 */
import process from "node:process";
import { HttpServer } from "../../src/server/http_server.ts";
import type { ServeOptions } from "../../src/api/options.ts";
import { serveSettings } from "../../src/options/settings.ts";
import { Checks } from "./checks.ts";
import type { Client } from "./client.ts";
import { forgetDeadlines } from "./deadline_watch.ts";
import { exchangeHandler } from "./exchange_handler.ts";
import { fetchHandler } from "./fetch_handler.ts";
import { Http1Client } from "./http1_client.ts";
import { Http2Client } from "./http2_client.ts";
import { forgetReceived } from "./receive_watch.ts";
import type { Surroundings } from "./handler_call.ts";
import { Ledger } from "./ledger.ts";
import { type Act, type OperatorAct, type Plan, requestOf } from "./plan.ts";
import { callbacks } from "./server_callbacks.ts";
import { turn, World } from "./world.ts";

/** For how long a run goes on that does not end by itself, in milliseconds of its time. */
const LONGEST_RUN = 60_000;
/** Longer than every limit together. */
const BEYOND_LIMITS = 200_000;

/** Small limits, so that each of them is met. The plan's options replace some. */
const DEFAULTS: Omit<ServeOptions, "fetch" | "exchange"> = {
  idleTimeout: 2_000,
  idleTimeoutBuffer: 500,
  headerTimeout: 1_000,
  requestTimeout: 3_000,
  minBodyRate: { bytesPerSecond: 10, grace: 1_000 },
  writeTimeout: 1_500,
  jitter: 0, // the engine's own dice
  maxHeaderBytes: 4_096,
  maxTargetBytes: 1_024,
  drainBody: { bytes: 2_048, timeout: 300 },
  lingerTimeout: 700,
  highWaterMark: 8_192,
};

/** How a run went. */
export interface Outcome {
  /** What was wrong; `null` where nothing was. */
  readonly fault: string | null;
  /** How many requests were handled. */
  readonly requests: number;
  /** How many connections there were. */
  readonly connections: number;
}

/** The run under way, which is to blame for whatever nobody catches. */
let current: World | null = null;

/** Blames runs for what would end the process. Call it once. */
export function watchProcess(): void {
  const blame = (what: string) => (error: unknown): void => {
    const text = error instanceof Error ? error.stack : String(error);
    if (current === null) throw new Error(`${what} outside of a run`, { cause: error });
    current.fail(`${what}: ${text}`);
  };
  process.on("unhandledRejection", blame("an unhandled rejection"));
  process.on("uncaughtException", blame("an uncaught error"));
}

/** Does what `plan` says; `log` takes down what happens. */
export async function run(plan: Plan, log: string[] | null = null): Promise<Outcome> {
  const world = new World(log);
  const { error } = console;
  console.error = (...data: unknown[]): void => world.note(() => `console.error: ${data.join(" ")}`);
  current = world;
  forgetDeadlines();
  forgetReceived();
  try {
    return await simulate(world, plan);
  } catch (error) {
    world.fail(error instanceof Error ? error.stack ?? error.message : String(error));
    return { fault: world.fault!.message, requests: 0, connections: 0 };
  } finally {
    await turn(); // whatever is still to be told is this run's
    current = null;
    console.error = error;
  }
}

async function simulate(world: World, plan: Plan): Promise<Outcome> {
  const ledger = new Ledger();
  const clients = plan.clients.map((client): Client =>
    client.http2 === null
      ? new Http1Client(world, ledger, client)
      : new Http2Client(world, ledger, client, plan)
  );
  const options = optionsOf(plan);
  const surroundings: Surroundings = {
    world,
    ledger,
    clients: new Map(clients.map((client) => [client.plan.id, client])),
    maxBodyBytes: options.maxBodyBytes ?? 0,
    maxConcurrentStreams: new Map(plan.http2 ?? []).get("maxConcurrentStreams") ?? 100,
  };
  const handler = plan.kind === "fetch"
    ? { fetch: fetchHandler(surroundings) }
    : { exchange: exchangeHandler(surroundings) };
  const settings = serveSettings({ ...options, ...handler });
  const checks = new Checks(world, plan, settings, clients, ledger);
  const reach = {
    shutDown(): void {
      checks.hasIntervened = true;
      void server.shutdown({ timeout: 1_000, idleGrace: 50 });
    },
    closeAll(): void {
      checks.hasIntervened = true;
      void server.close();
    },
  };
  const told = callbacks(plan.callbacks, checks, () => reach);
  const server = new HttpServer({ ...handler, ...told }, settings, world);
  await server.loaded;
  if (mayIntervene(plan)) checks.hasIntervened = true;
  for (const client of clients) {
    world.after(client.plan.at, () => {
      world.note(() => `client ${client.plan.id} connects`);
      checks.accept(server, client);
      void client.run();
    });
  }
  for (const act of plan.operator) world.after(act.at, () => operate(server, clients, act));
  const check = (ms: number): void => checks.check(server, ms);
  const outcome = (): Outcome => ({
    fault: world.fault?.message ?? null,
    requests: server.stats().requests,
    connections: clients.length,
  });

  await world.run(check, world.now() + LONGEST_RUN, true);
  if (world.fault === null && world.isAtRest) checks.checkProgress();
  if (world.fault !== null) return outcome();

  world.note(() => "all clients leave");
  const { isAtRest } = world;
  for (const client of clients) leave(client, plan, isAtRest);
  await turn();
  check(0);
  await world.run(check, world.now() + BEYOND_LIMITS);
  if (world.fault === null) await checks.checkEnd(server);
  if (world.fault === null) await checkFinish(world, server);
  return outcome();
}

/** A server without connections finishes when it is told to. */
async function checkFinish(world: World, server: HttpServer): Promise<void> {
  let isFinished = false;
  server.finished.then(() => isFinished = true);
  server.close().catch((error) => world.fail(`close() rejected: ${error}`));
  await turn();
  if (!isFinished) world.fail("close() does not end a server that has no connections");
}

function optionsOf(plan: Plan): Omit<ServeOptions, "fetch" | "exchange"> {
  const options: Record<string, unknown> = { ...DEFAULTS };
  for (const [name, value] of plan.options) {
    if (name === "drainBytes") options.drainBody = { bytes: value, timeout: 300 };
    else options[name] = value;
  }
  if (plan.http2 !== null) options.http2 = Object.fromEntries(plan.http2);
  return options;
}

/** Whether handlers, callbacks or the operator end connections themselves. */
function mayIntervene(plan: Plan): boolean {
  return plan.operator.some(({ does }) => does !== "keepAlive on" && does !== "keepAlive off") ||
    plan.callbacks.some(({ does }) => does === "closes" || does === "closes all" || does === "shuts down") ||
    plan.clients.some(({ steps }) =>
      steps.some((step) => requestOf(step)?.handler.acts.some(closes) ?? false)
    );
}

/** Whether a handler switches off a limit. */
function lifts(act: Act): boolean {
  return act.act === "timeouts" && act.ms === 0;
}

function closes(act: Act): boolean {
  if (act.act === "beside") return act.acts.some(closes);
  return act.act === "close" || act.act === "shutdown" || (act.act === "listen" && act.then === "close");
}

function operate(server: HttpServer, clients: readonly Client[], act: OperatorAct): void {
  const connection = clients.find(({ plan }) => plan.id === act.client)?.connection;
  switch (act.does) {
    case "shutdown":
      void server.shutdown({ timeout: act.timeout, idleGrace: act.idleGrace });
      return;
    case "close":
      void server.close();
      return;
    case "keepAlive off":
      server.keepAlive = false;
      return;
    case "keepAlive on":
      server.keepAlive = true;
      return;
    case "close one":
      return connection?.close();
    case "shutdown one":
      return connection?.shutdown();
  }
}

/** A client goes: without a word only where a deadline must notice, which none does that was switched off. */
function leave(client: Client, plan: Plan, isAtRest: boolean): void {
  if (client.connection === null || client.isBroken) return;
  const isUnlimited = plan.options.some(([, value]) => value === 0) ||
    client.asked.some(({ request }) => request.handler.acts.some(lifts));
  const mayStayFailed = plan.callbacks.some(({ does }) => does === "never settles");
  const isUnfinished = client.asked.some(({ calls, answer, isReturned, failed, upgraded }) =>
    calls > 0 && (answer.phase !== "complete" || !isReturned || upgraded || (failed && mayStayFailed))
  );
  const { leaves } = client.plan;
  if (leaves === "reset" || !isAtRest || isUnlimited || isUnfinished || client.tunnels) client.reset();
  else if (leaves === "end") client.end();
  else client.reads = false;
}

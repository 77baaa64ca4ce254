/**
 * What must hold after every step of a run, and at its end.
 */
import type { Connection, ConnectionState } from "../../src/api/transport.ts";
import { TRANSITIONS } from "../../src/core/lifecycle.ts";
import type { HttpServer } from "../../src/server/http_server.ts";
import type { AdmissionSettings, Settings } from "../../src/options/settings.ts";
import type { Client } from "./client.ts";
import { FINISHED, isHindered, REASONS } from "./close_reasons.ts";
import { armedDeadlines } from "./deadline_watch.ts";
import * as http1 from "./http1_checks.ts";
import { Http1Client } from "./http1_client.ts";
import * as http2 from "./http2_checks.ts";
import { Http2Client } from "./http2_client.ts";
import type { Ledger } from "./ledger.ts";
import { type Act, type Plan, requestOf, type RequestPlan } from "./plan.ts";
import type { CallbackWatcher } from "./server_callbacks.ts";
import type { World } from "./world.ts";

/** Bytes that may wait beyond what the options say: a head or two, and chunks' sizes. */
const SLACK = 4 * 1024;

/**
 * For how long one event may hold the loop while a connection always has something to do, in milliseconds: the
 * engine's slice, and what handlers do between two looks at the clock.
 */
const SLICE = 30;
const LOOK_EVERY = 10;

/** Watches one run. */
export class Checks implements CallbackWatcher {
  readonly #world: World;
  readonly #plan: Plan;
  readonly #settings: Settings & AdmissionSettings;
  readonly #clients: readonly Client[];
  readonly #ledger: Ledger;
  readonly #states = new Map<Connection, ConnectionState>();
  readonly #mayCloseInside: boolean;
  readonly #limits: ReadonlyMap<Client, number>;
  /** How many requests one connection may bring. */
  readonly #mostRequests: number;
  /** The longest that a handler works at a time, and that all together may work once they have been called. */
  readonly #mostWork: number;
  readonly #mostLateWork: number;
  readonly #inState: Record<ConnectionState, number> = {
    new: 0,
    active: 0,
    idle: 0,
    draining: 0,
    upgraded: 0,
    closed: 0,
  };
  /** What each was before it was closed. */
  readonly #lastStates = new Map<Connection, ConnectionState>();
  readonly #admitted = new Set<Client>();
  #accepts = 0;
  /** Whether the operator, a handler or a callback has closed or shut down something. */
  hasIntervened = false;

  constructor(
    world: World,
    plan: Plan,
    settings: Settings & AdmissionSettings,
    clients: readonly Client[],
    ledger: Ledger,
  ) {
    this.#world = world;
    this.#ledger = ledger;
    this.#plan = plan;
    this.#settings = settings;
    this.#clients = clients;
    this.#mayCloseInside = plan.callbacks.some(({ name }) => name === "onStateChange");
    const { keepAlive, maxRequests } = settings;
    const persists = keepAlive || plan.operator.some(({ does }) => does === "keepAlive on");
    this.#mostRequests = !persists ? 1 : maxRequests === 0 ? Infinity : maxRequests;
    this.#mostWork = Math.max(0, ...requestsOf(clients).map(({ handler }) => mostWork(handler.acts)));
    this.#mostLateWork = requestCount(clients) *
      Math.max(0, ...requestsOf(clients).map(({ handler: { acts } }) => mostWork(lateActs(acts))));
    this.#limits = new Map(
      clients.map((client) => {
        const own = client instanceof Http2Client
          ? http2.mostQueued(client, settings)
          : largestResponse(client);
        return [client, settings.highWaterMark + own + SLACK];
      }),
    );
  }

  /** Hands `client` to the server, which must let it in where there is room, and only there. */
  accept(server: HttpServer, client: Client): void {
    const { maxConnections, maxConnectionsPerIp } = this.#settings;
    const { address } = client.plan;
    const isSame = (other: Client): boolean => other.plan.address === address;
    const hasRoom = (): boolean =>
      (maxConnections === 0 || this.#open().length < maxConnections) &&
      (maxConnectionsPerIp === 0 || address === 0 ||
        this.#open().filter(isSame).length < maxConnectionsPerIp);
    const { rejected } = server.stats();
    const hadRoom = hasRoom();
    this.#accepts++;
    client.connection = server.accept(client.transport).facade;
    const isRejected = server.stats().rejected > rejected;
    if (isRejected && hadRoom) {
      this.#world.fail(`client ${client.plan.id} was turned away, although there was room`);
    }
    if (isRejected) return;
    // Who makes room for it is closed by then, or was told so.
    if (!hasRoom()) this.#world.fail(`client ${client.plan.id} was let in, although there was no room`);
    this.#admitted.add(client);
  }

  /** The clients that were let in, and are there. */
  #open(): Client[] {
    return [...this.#admitted].filter(({ connection }) => connection!.state !== "closed");
  }

  stateChanged(connection: Connection, state: ConnectionState): void {
    this.#world.note(() => `connection ${connection.id} is ${state}`);
    const before = this.#states.get(connection);
    if (before === undefined ? state !== "new" && state !== "closed" : !TRANSITIONS[before].includes(state)) {
      this.#world.fail(`connection ${connection.id} was ${before ?? "not there"} and became ${state}`);
    }
    if (connection.state !== state) {
      this.#world.fail(`connection ${connection.id} is told to be ${state} and is ${connection.state}`);
    }
    if (before !== undefined) {
      this.#inState[before]--;
      this.#lastStates.set(connection, before);
    }
    this.#inState[state]++;
    this.#states.set(connection, state);
  }

  failed(error: unknown): void {
    this.#world.note(() => `onError: ${error}`);
  }

  refused(status: number, connection: Connection): void {
    this.#world.note(() => `onRefused: ${status}, connection ${connection.id}`);
    if (!(status >= 400)) this.#world.fail(`onRefused was told of ${status}`);
    if (status !== 503) return;
    for (const client of this.#admitted) {
      if (client.connection === connection) this.#admitted.delete(client); // it was evicted
    }
  }

  /** After a step, which has taken so long. */
  check(server: HttpServer, ms: number): void {
    const most = SLICE + LOOK_EVERY * this.#mostWork + this.#mostLateWork;
    if (ms > most) this.#world.fail(`the loop was held for ${ms} ms`);
    this.#checkCounts(server);
    for (const client of this.#clients) this.#checkClient(client);
    if (this.#accepts === this.#inState.closed && this.#world.timers > 0) {
      this.#world.fail(`no connection is open, and ${this.#world.timers} timers run`);
    }
  }

  #checkCounts(server: HttpServer): void {
    const stats = server.stats();
    const closed = Object.values(stats.closed).reduce((sum, count) => sum + count, 0);
    const clients = this.#clients;
    const sum = (of: (client: Client) => number): number =>
      clients.reduce((sum, client) => sum + of(client), 0);
    const calls = sum(({ asked }) => asked.reduce((sum, { calls }) => sum + calls, 0)) +
      this.#ledger.strangers;
    this.#same("accepted + rejected", stats.accepted + stats.rejected, this.#accepts);
    this.#same("open", stats.open, this.#accepts - this.#inState.closed);
    this.#same("closed", closed, this.#inState.closed);
    for (const state of ["active", "idle", "upgraded"] as const) {
      this.#same(state, stats[state], this.#inState[state]);
    }
    this.#same(
      "rejected and closed",
      stats.closed.rejected ?? 0,
      Math.min(stats.closed.rejected ?? 0, stats.rejected),
    );
    this.#same("bytesWritten", stats.bytesWritten, sum(({ transport }) => transport.written));
    const delivered = sum(({ transport }) => transport.delivered);
    if (stats.bytesRead > delivered) this.#same("bytesRead", stats.bytesRead, delivered);
    if (stats.requests < calls || (stats.requests > calls && !this.#mayCloseInside)) {
      this.#same("requests", stats.requests, calls);
    }
    if (stats.reused > stats.requests) this.#same("reused", stats.reused, stats.requests);
  }

  #same(what: string, is: number, expected: number): void {
    if (is !== expected) this.#world.fail(`stats(): ${what} is ${is} instead of ${expected}`);
  }

  #checkClient(client: Client): void {
    const { connection, transport } = client;
    const limit = this.#limits.get(client)!;
    const isCounted = client instanceof Http1Client; // the end is told to others, and may take a while
    if (isCounted && connection !== null && connection.requests > this.#mostRequests) {
      this.#fail(client, `${connection.requests} requests on one connection`);
    }
    if (transport.mostUnsent > limit) {
      this.#fail(client, `${transport.mostUnsent} bytes wait to be sent, of at most ${limit}`);
    }
    if (client instanceof Http1Client) this.#fail(client, http1.checkBuffered(client, this.#settings));
    if (client instanceof Http2Client) {
      client.circumstances.countBusy();
      const largest = Math.max(...this.#clients.map(({ transport }) => transport.largestChunk));
      this.#fail(client, http2.checkBuffered(largest, this.#settings));
    }
  }

  #fail(client: Client, message: string | null): void {
    if (message !== null) this.#world.fail(`client ${client.plan.id}: ${message}`);
  }

  /** While all clients are still there: whoever reads has got what was answered, and nobody waits in vain. */
  checkProgress(): void {
    for (const client of this.#clients) {
      this.#checkReading(client);
      if (client instanceof Http2Client) this.#fail(client, http2.checkViolation(client));
      if (isHindered(client)) continue;
      if (client instanceof Http1Client) this.#fail(client, http1.checkAnswers(client));
      if (client instanceof Http2Client) this.#fail(client, http2.checkAnswers(client));
    }
  }

  /** Whoever waits for a body gets it, or is told that it does not come. */
  #checkReading(client: Client): void {
    const { asked, transport } = client;
    // What comes on a stream may wait behind what is not read while no answers are taken.
    if (client instanceof Http2Client && !client.reads) return;
    for (const { name, isReading, isSent } of asked) {
      if (!isReading || !(isSent || transport.toldEnd || transport.isGone || transport.isClosed)) continue;
      this.#world.fail(`the handler of ${name} waits for a body that has come, or never will`);
    }
  }

  /** When all is over. */
  async checkEnd(server: HttpServer): Promise<void> {
    const { open } = server.stats();
    if (open !== 0) {
      const left = server.connections().map(({ id, state }) => `${id} is ${state}`);
      this.#world.fail(`nobody is left, and ${open} connections are open: ${left.join(", ")}`);
    }
    const armed = armedDeadlines();
    if (armed.length > 0) this.#world.fail(`nobody is left, and ${armed.length} deadlines are armed`);
    for (const client of this.#clients) await this.#checkClosed(client);
    const count = this.#clients.length;
    const fault = http1.checkPool(2 * count + 4) ??
      (this.#plan.http2 === null ? null : http2.checkPool(20 * count + 4));
    if (fault !== null) this.#world.fail(fault);
  }

  async #checkClosed(client: Client): Promise<void> {
    const { connection, transport } = client;
    if (connection === null) return;
    if (!transport.isClosed) this.#world.fail(`client ${client.plan.id}: the transport was never closed`);
    if (connection.state !== "closed") return;
    const reason = await connection.closed;
    this.#world.note(() => `connection ${connection.id} was closed: ${reason}`);
    // Who has ended its side may have gone, and makes room; so does who has not sent a request yet.
    const isServed = client.asked.some(({ calls, answer, failed }) =>
      calls > 0 && answer.phase !== "complete" && !failed
    );
    const wasActive = this.#lastStates.get(connection) === "active";
    if (reason === "evicted" && wasActive && isServed && !transport.toldEnd) {
      this.#world.fail(`client ${client.plan.id} was evicted in the middle of a request`);
    }
    if (FINISHED.has(reason) && !isHindered(client)) {
      if (client instanceof Http1Client) this.#fail(client, http1.checkFinished(client));
      if (client instanceof Http2Client) this.#fail(client, http2.checkFinished(client));
    }
    if (client instanceof Http2Client) this.#fail(client, http2.checkLast(client));
    for (const { name, answer, signal, failed, isReturned } of client.asked) {
      if (failed) continue;
      if (signal !== null && answer.phase === "unanswered" && !signal.aborted) {
        this.#world.fail(`the signal of ${name} was never aborted`);
      }
      if (answer.phase === "streaming" && answer.source === "read" && isReturned) {
        this.#world.fail(`the stream of the answer to ${name} was never cancelled`);
      }
    }
    const explains = REASONS[reason];
    const bears = explains === undefined || explains(client, this.#plan, this.hasIntervened);
    if (!bears) {
      this.#world.fail(`client ${client.plan.id}: closed as ${reason}, for which there was no reason`);
    }
  }
}

function requestsOf(clients: readonly Client[]): RequestPlan[] {
  return clients.flatMap(({ plan }) => plan.steps.flatMap((step) => requestOf(step) ?? []));
}

/** How many requests there are that may be handled at a time. */
function requestCount(clients: readonly Client[]): number {
  return clients.filter(({ plan }) => plan.http2 !== null).reduce(
    (sum, { plan: { steps } }) =>
      steps.reduce((sum, step) => sum + (step.do === "flood" ? step.count : "request" in step ? 1 : 0), sum),
    0,
  );
}

/**
 * What a handler does after it has waited for something: the engine has no turns for that. A hundred streams that wait for
 * one window go on together when the client resets them.
 */
function lateActs(acts: readonly Act[]): readonly Act[] {
  const at = acts.findIndex((act) =>
    act.act === "wait" || act.act === "read" || (act.act === "write" && act.patient)
  );
  return at < 0 ? [] : acts.slice(at);
}

function mostWork(acts: readonly Act[]): number {
  return acts.reduce(
    (sum, act) => sum + (act.act === "work" ? act.ms : act.act === "beside" ? mostWork(act.acts) : 0),
    0,
  );
}

/** The most that one response of this client's has. */
function largestResponse(client: Client): number {
  return Math.max(0, ...requestsOf([client]).map(({ handler }) => responseSize(handler.acts)));
}

function responseSize(acts: readonly Act[]): number {
  let size = 1024;
  for (const act of acts) {
    if (act.act === "respond") size += act.form === "wide text" ? 3 * act.length + 16 : act.length;
    else if (act.act === "write") size += act.length + 16;
    else if (act.act === "upgrade") size += 1000 * act.writes;
    else if (act.act === "interim") size += 64;
    else if (act.act === "beside") size += responseSize(act.acts);
    else if (act.act === "return") {
      const { body } = act;
      if ("chunks" in body) { for (const [length] of body.chunks) size += length + 16; }
      else size += body.of === "wide text" ? 3 * body.length + 16 : body.length;
    }
  }
  return size;
}

/**
 * What must hold after every step of a run, and at its end.
 */
import type { CloseReason, Connection, ConnectionState } from "../../src/api/transport.ts";
import { TRANSITIONS } from "../../src/core/lifecycle.ts";
import type { Http1Exchange } from "../../src/http1/exchange_pool.ts";
import { acquireExchange, releaseExchange } from "../../src/http1/exchange_pool.ts";
import type { HttpServer } from "../../src/server/http_server.ts";
import type { AdmissionSettings, Settings } from "../../src/options/settings.ts";
import type { Client } from "./client.ts";
import { armedDeadlines } from "./deadline_watch.ts";
import type { Entry } from "./ledger.ts";
import type { Act, Plan, RequestPlan } from "./plan.ts";
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
  readonly #states = new Map<Connection, ConnectionState>();
  readonly #mayCloseInside: boolean;
  readonly #limits: ReadonlyMap<Client, number>;
  /** How many requests one connection may bring. */
  readonly #mostRequests: number;
  /** The longest that a handler works at a time. */
  readonly #mostWork: number;
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
  ) {
    this.#world = world;
    this.#plan = plan;
    this.#settings = settings;
    this.#clients = clients;
    this.#mayCloseInside = plan.callbacks.some(({ name }) => name === "onStateChange");
    const { keepAlive, maxRequests } = settings;
    const persists = keepAlive || plan.operator.some(({ does }) => does === "keepAlive on");
    this.#mostRequests = !persists ? 1 : maxRequests === 0 ? Infinity : maxRequests;
    this.#mostWork = Math.max(0, ...requestsOf(clients).map(({ handler }) => mostWork(handler.acts)));
    this.#limits = new Map(
      clients.map((client) => [client, settings.highWaterMark + largestResponse(client) + SLACK]),
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
    // Who makes room for it is closed by then.
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
  }

  /** After a step, which has taken so long. */
  check(server: HttpServer, ms: number): void {
    if (ms > SLICE + LOOK_EVERY * this.#mostWork) this.#world.fail(`the loop was held for ${ms} ms`);
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
    const calls = sum(({ asked }) => asked.reduce((sum, { calls }) => sum + calls, 0));
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
    if (connection !== null && connection.requests > this.#mostRequests) {
      this.#world.fail(`client ${client.plan.id}: ${connection.requests} requests on one connection`);
    }
    if (transport.mostUnsent > this.#limits.get(client)!) {
      this.#world.fail(
        `client ${client.plan.id}: ${transport.mostUnsent} bytes wait to be sent, of at most ${
          this.#limits.get(client)
        }`,
      );
    }
    const buffered = transport.delivered - consumable(client);
    const { highWaterMark, maxHeaderBytes } = this.#settings;
    // A chunk may come when there is room for a byte, and one more after the pause.
    const most = highWaterMark + 2 * transport.largestChunk + maxHeaderBytes;
    if (buffered > most && !transport.isClosed && client.connection?.state === "active") {
      this.#world.fail(`client ${client.plan.id}: ${buffered} bytes are buffered, of at most ${most}`);
    }
  }

  /** While all clients are still there: whoever reads has got what was answered, and nobody waits in vain. */
  checkProgress(): void {
    for (const client of this.#clients) {
      this.#checkReading(client);
      if (!isHindered(client)) this.#checkAnswers(client);
    }
  }

  /** Whoever waits for a body gets it, or is told that it does not come. */
  #checkReading({ asked, transport }: Client): void {
    for (const { name, isReading, isSent } of asked) {
      if (!isReading || !(isSent || transport.toldEnd || transport.isGone || transport.isClosed)) continue;
      this.#world.fail(`the handler of ${name} waits for a body that has come, or never will`);
    }
  }

  #checkAnswers(client: Client): void {
    const { connection, transport } = client;
    if (connection?.state !== "active" || transport.isClosed || client.tunnels || client.sawLast) return;
    const next = client.asked[client.answered];
    const before = client.asked[client.answered - 1];
    if (next === undefined || before?.answer.phase === "streaming") return; // a HEAD, whose handler has not ended
    const { answer, failed, isReturned, upgraded } = next;
    // What answers for a handler that has failed may never come: `onError` decides that.
    if (answer.phase === "complete" && isReturned && !failed && !upgraded) {
      this.#world.fail(`the answer to ${next.name} is complete, and does not come`);
    }
    if (next.calls === 0 && next.isSent) this.#world.fail(`${next.name} is not handled`);
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
    this.#checkPool();
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
      const cut = client.asked.slice(client.answered).find(({ calls, failed }) => calls > 0 && !failed);
      if (cut !== undefined) this.#world.fail(`${cut.name} was handled, and never answered: ${reason}`);
    }
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

  /** Everything in the pool is there once, and nobody's. */
  #checkPool(): void {
    const taken: Http1Exchange[] = [];
    for (let i = 0; i < 2 * this.#clients.length + 4; i++) taken.push(acquireExchange());
    if (new Set(taken).size < taken.length) this.#world.fail("an exchange is in the pool twice");
    if (taken.some(({ isUnderWay }) => isUnderWay)) this.#world.fail("an exchange in the pool is under way");
    if (taken.some(({ isReferenced }) => isReferenced)) {
      this.#world.fail("an exchange in the pool is a handler's");
    }
    for (const exchange of new Set(taken.reverse())) releaseExchange(exchange);
  }
}

/** Whether a client does not take what comes, or something is in its way. */
function isHindered({ isBroken, hasEnded, hasErred, reads, plan }: Client): boolean {
  return isBroken || hasEnded || hasErred || !reads || plan.transport.faults.length > 0;
}

/** Ends before which every request that a handler got is answered. */
const FINISHED: ReadonlySet<CloseReason> = new Set<CloseReason>([
  "close_requested",
  "response_close",
  "max_requests",
  "max_age",
  "keep_alive_off",
  "pressure",
  "idle_timeout",
  "shutdown",
  "shutdown_idle",
]);

/** How many of the delivered bytes the engine may have used up: what comes after them is kept somewhere. */
function consumable({ asked, transport, tunnels }: Client): number {
  if (tunnels) return transport.delivered;
  let bytes = 0;
  let last = -1;
  asked.forEach(({ calls }, i) => {
    if (calls > 0) last = i;
  });
  if (last < 0) return transport.delivered;
  for (let i = 0; i <= last; i++) bytes += asked[i].headLength + asked[i].bodyLength;
  const { answer: { phase }, bodyUntouched, bodyLength, failed } = asked[last];
  if (failed) return transport.delivered; // the body is dropped then
  if (phase === "unanswered" && bodyUntouched) bytes -= bodyLength;
  return phase === "unanswered" ? bytes : transport.delivered;
}

function requestsOf(clients: readonly Client[]): RequestPlan[] {
  return clients.flatMap(({ plan }) =>
    plan.steps.flatMap((step) => step.do === "send" ? [step.request] : [])
  );
}

function mostWork(acts: readonly Act[]): number {
  return acts.reduce((sum, act) => sum + (act.act === "work" ? act.ms : 0), 0);
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

type Explains = (client: Client, plan: Plan, hasIntervened: boolean) => boolean;

const has = (plan: Plan, name: string): boolean =>
  plan.options.some(([option, value]) => option === name && value !== 0);
const some = (client: Client, is: (entry: Entry) => boolean): boolean => client.asked.some(is);

/** Whether the engine can have seen an end: the client's, or one that the transport made up. */
function mayHaveLeft({ hasEnded, isBroken, plan }: Client): boolean {
  return hasEnded || isBroken || plan.transport.faults.length > 0;
}

/** Which of the things that happened explain an end; what is left out needs no explanation. */
const REASONS: Readonly<Partial<Record<CloseReason, Explains>>> = {
  client_closed: mayHaveLeft,
  client_gone: mayHaveLeft,
  close_requested: (client) =>
    some(
      client,
      ({ request }) => request.minor === 0 || request.fields.some(([name]) => name === "Connection"),
    ),
  max_requests: (_, plan) => has(plan, "maxRequests"),
  max_age: (_, plan) => has(plan, "maxAge"),
  keep_alive_off: (_, plan) =>
    has(plan, "keepAlive") || plan.operator.some(({ does }) => does === "keepAlive off"),
  pressure: (_, plan) => has(plan, "maxConnections"),
  slow_body: (client) => some(client, ({ request }) => request.body !== null),
  unread_body: (client) => some(client, ({ request }) => request.body !== null),
  evicted: (_, plan) => has(plan, "maxConnections"),
  rejected: (_, plan) => has(plan, "maxConnections") || has(plan, "maxConnectionsPerIp"),
  protocol_error: (client, plan) => client.hasErred || has(plan, "maxBodyBytes"),
  handler_error: (client) => some(client, ({ failed }) => failed),
  upgraded: (client) => some(client, ({ upgraded }) => upgraded),
  shutdown: (_client, _plan, hasIntervened) => hasIntervened,
  shutdown_idle: (_client, _plan, hasIntervened) => hasIntervened,
  forced: (_client, _plan, hasIntervened) => hasIntervened,
};

/**
 * The keep-alive decision (RFC 9112 §9.3), from every side that has a say: the client, the server, the
 * connection's age and number of requests, and the body that may be left unread. And for how long the
 * connection may idle then.
 */
import type { CloseReason } from "../conn.ts";
import type { ByteWriter } from "../protocol/byte_writer.ts";
import { persists } from "../protocol/persistence.ts";
import type { Settings, TimeLimits } from "../settings.ts";
import type { Engine } from "./engine.ts";
import type { HttpExchange } from "./exchange.ts";
import { SHORTEST_HINT } from "./standard_fields.ts";

/** Under pressure, what of the idle time is left: one part of so many. */
const SHORTER = 4;

/** Whether, and on what terms, one connection goes on. */
export class KeepAlive {
  /** Requests that it has brought, the one under way included. */
  requests = 0;
  /** The times of the exchange under way; of the one before, while it is idle. */
  limits: TimeLimits;
  /** Why the exchange under way is the last, once that is known. */
  lastBecause: CloseReason | null = null;
  readonly #engine: Engine;
  /** From when on the next response is the last; 0 for never. */
  readonly #retiresAt: number;
  /** For how long it still idles once it was told to end; `null` before. */
  #idleGrace: number | null = null;
  /** For how long it may idle, as its last response told the client; 0 for ever. */
  #toldIdleTime: number;

  /** For a connection that comes now. */
  constructor(engine: Engine) {
    const { settings, now } = engine;
    this.#engine = engine;
    this.limits = settings;
    this.#retiresAt = settings.maxAge === 0 ? 0 : Math.ceil(now + lifetime(settings));
    this.#toldIdleTime = settings.idleTimeout;
  }

  /** A request has come: the server's times hold for it. */
  begin(): void {
    this.requests++;
    this.limits = this.#engine.settings;
    this.lastBecause = null;
  }

  /** Ends the connection with its next response, or when it was idle for `idleGrace` milliseconds. */
  retire(idleGrace: number): void {
    this.#idleGrace = idleGrace;
  }

  /** Whether it was told to end. */
  get retiring(): boolean {
    return this.#idleGrace !== null;
  }

  /** Whether it ends as soon as nothing is under way. */
  get endsNow(): boolean {
    return this.#idleGrace === 0;
  }

  /** For how long it idles until it is closed; 0 for ever. */
  get idleTime(): number {
    if (this.#idleGrace !== null) return this.#idleGrace;
    return this.#toldIdleTime === 0 ? 0 : this.#toldIdleTime + this.#engine.settings.idleTimeoutBuffer;
  }

  /**
   * Decides, and ends the head with what tells the client: Date, unless it is `dated`, and the fields about
   * persistence. `mustClose` says that the response cannot be followed by another, `whole` that its body
   * follows at once, so that no more of the request is read.
   */
  endHead(out: ByteWriter, x: HttpExchange, dated: boolean, mustClose: boolean, whole: boolean): void {
    this.lastBecause ??= mustClose ? "response_close" : this.#whyLast(x, whole);
    const { settings, headEnds } = this.#engine;
    const dateLine = dated ? null : this.#engine.dateLine();
    if (this.lastBecause !== null) return headEnds.writeClose(out, dateLine);
    this.#toldIdleTime = this.#idleTimeNow();
    headEnds.write(out, dateLine, x.head.minor, this.#toldIdleTime, settings.maxRequests - this.requests);
  }

  #whyLast(x: HttpExchange, whole: boolean): CloseReason | null {
    const { settings, keepAlive, pressure, now } = this.#engine;
    if (!persists(x.head.minor, x.head.connection)) return "close_requested";
    if (!keepAlive) return "keep_alive_off";
    if (this.retiring) return "shutdown";
    if (this.#retiresAt > 0 && now >= this.#retiresAt) return "max_age";
    if (pressure === "refusing" && this.requests === 1) return "pressure";
    if (settings.maxRequests > 0 && this.requests >= settings.maxRequests) return "max_requests";
    return mayStayUnread(x, settings.drainBytes, whole) ? "unread_body" : null;
  }

  #idleTimeNow(): number {
    const { idleTimeout } = this.limits;
    if (this.#engine.pressure === "none" || idleTimeout <= SHORTEST_HINT) return idleTimeout;
    return Math.max(SHORTEST_HINT, Math.floor(idleTimeout / SHORTER));
  }
}

/** How long a connection lives; each another time, so that those which came together do not leave together. */
function lifetime({ maxAge, jitter }: Settings): number {
  return maxAge * (1 + jitter * (2 * Math.random() - 1));
}

/** Whether the client may never send the rest of the body, or more of it than is worth reading. */
function mayStayUnread({ head, body }: HttpExchange, budget: number, whole: boolean): boolean {
  if (body.complete) return false;
  // A client that still waits for 100 may send the body next, or not: what comes could be either.
  if (head.expectsContinue && !body.arrived) return true;
  if (body.state === "awaited" || (body.state === "resting" && !whole)) return false;
  return (body.remaining ?? 0) > budget;
}

/**
 * The persistence decision (RFC 9112 §9.3): whether a response is the connection's last, and why, and for how long the
 * connection may idle otherwise. It decides only; the response encoder writes.
 */
import type { CloseReason } from "../api/transport.ts";
import type { Settings } from "../options/settings.ts";
import type { Engine } from "./engine.ts";
import type { HttpExchange } from "./exchange.ts";
import type { RequestTimeouts } from "./request_timeouts.ts";

/** The shortest idle time that can be advertised, in milliseconds: `timeout=0` would read as "do not reuse". */
export const MIN_HINT_MS = 1000;

/** Near `maxConnections`, connections idle for `idleTimeout` divided by this. */
const IDLE_DIVISOR = 4;

/** The persistence of one connection. */
export class PersistencePolicy {
  /** Requests received, the one under way included. */
  requests = 0;
  /** Why the response under way is the last; `null` while it is not, or not decided. */
  closeReason: CloseReason | null = null;
  readonly #engine: Engine;
  readonly #timeouts: RequestTimeouts;
  /** From when on the next response is the last (`maxAge`), by the monotonic clock; 0 for never. */
  readonly #retiresAt: number;
  /** How long it may still idle once it was retired, in milliseconds; `null` before. */
  #idleGrace: number | null = null;
  /** `idleTimeout` as the last response advertised it; 0 for none. */
  #advertisedIdleTimeout: number;

  /** For a connection that is accepted now. */
  constructor(engine: Engine, timeouts: RequestTimeouts) {
    const { settings, now } = engine;
    this.#engine = engine;
    this.#timeouts = timeouts;
    this.#retiresAt = settings.maxAge === 0 ? 0 : Math.ceil(now + lifetime(settings));
    this.#advertisedIdleTimeout = settings.idleTimeout;
  }

  /** A request begins. */
  begin(): void {
    this.requests++;
    this.closeReason = null;
  }

  /** Makes the next response the last; an idle connection is closed after `idleGrace` milliseconds. */
  retire(idleGrace: number): void {
    this.#idleGrace = idleGrace;
  }

  /** Whether it was retired. */
  get retiring(): boolean {
    return this.#idleGrace !== null;
  }

  /** Whether it was retired without a grace: it is closed instead of becoming idle. */
  get closesWhenIdle(): boolean {
    return this.#idleGrace === 0;
  }

  /** `idleTimeout` as advertised. */
  get advertisedIdleTimeout(): number {
    return this.#advertisedIdleTimeout;
  }

  /** How long it idles until it is closed, in milliseconds: `idleTimeoutBuffer` longer than advertised; 0 for ever. */
  get enforcedIdleTimeout(): number {
    if (this.#idleGrace !== null) return this.#idleGrace;
    const advertised = this.#advertisedIdleTimeout;
    return advertised === 0 ? 0 : advertised + this.#engine.settings.idleTimeoutBuffer;
  }

  /** How many more requests `maxRequests` allows; negative where it allows any number. */
  get requestsLeft(): number {
    return this.#engine.settings.maxRequests - this.requests;
  }

  /**
   * Decides for the response of `x`, whose head is written now. `mustClose`: its framing, or a field of its own, ends
   * the connection. `isWhole`: its body follows at once, so that no more of the request's body is read.
   */
  decide(x: HttpExchange, mustClose: boolean, isWhole: boolean): void {
    this.closeReason ??= mustClose ? "response_close" : this.#reasonToClose(x, isWhole);
    if (this.closeReason === null) this.idleFor(this.#timeouts.current.idleTimeout);
  }

  /** The request under way wants the connection to idle for `idleTimeout` milliseconds after it, if there is room for that. */
  idleFor(idleTimeout: number): void {
    const isShortened = this.#engine.pressure !== "none" && idleTimeout > MIN_HINT_MS;
    this.#advertisedIdleTimeout = isShortened
      ? Math.max(MIN_HINT_MS, Math.floor(idleTimeout / IDLE_DIVISOR))
      : idleTimeout;
  }

  #reasonToClose(x: HttpExchange, isWhole: boolean): CloseReason | null {
    if (!x.head.persists) return "close_requested";
    const reason = this.reasonToRetire();
    if (reason !== null) return reason;
    return exceedsDrain(x, this.#engine.settings.drainBytes, isWhole) ? "unread_body" : null;
  }

  /** Why the connection is to take no more requests, whatever the one under way says; `null` where it may go on. */
  reasonToRetire(): CloseReason | null {
    const { settings, keepAlive, pressure, now } = this.#engine;
    if (!keepAlive) return "keep_alive_off";
    if (this.retiring) return "shutdown";
    if (this.#retiresAt > 0 && now >= this.#retiresAt) return "max_age";
    if (pressure === "no-keep-alive" && this.requests === 1) return "pressure";
    return settings.maxRequests > 0 && this.requests >= settings.maxRequests ? "max_requests" : null;
  }
}

/** A connection's `maxAge` with its jitter: connections that were opened together do not close together. */
function lifetime({ maxAge, jitter }: Settings): number {
  return maxAge * (1 + jitter * (2 * Math.random() - 1));
}

/** Whether the client may never send the rest of its body, or has more of it left than is worth draining. */
function exceedsDrain({ head, body }: HttpExchange, budget: number, isWhole: boolean): boolean {
  if (body.complete) return false;
  // A client that still waits for 100 may send the body next, or another request: which one cannot be told.
  if (head.expectsContinue && !body.arrived) return true;
  if (body.state === "flowing" || (body.state === "paused" && !isWhole)) return false;
  return (body.remaining ?? 0) > budget;
}

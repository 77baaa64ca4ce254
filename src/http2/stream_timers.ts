/**
 * The deadlines of one stream: `requestTimeout` and `minBodyRate` while its handler waits for the client's body,
 * `writeTimeout` while its response waits for the client's window, and `drainBody` while what is left of a request is
 * waited for. Made on first use, since most requests come whole and get small answers.
 *
 * What ends a stream whose client does nothing more:
 *
 * | the exchange       | our side | the client's side | it waits for               | until                                  |
 * |--------------------|----------|-------------------|----------------------------|----------------------------------------|
 * | reads the body     | open     | open              | the body                   | `requestTimeout`, `minBodyRate`: 408   |
 * | works              | open     | either            | its handler                | that answers; its signal may abort     |
 * | responds, or over  | open     | either            | a window, to send the rest | `writeTimeout`: it is reset            |
 * | over, but copies   | either   | open              | the rest, for the copies   | `drainBody.timeout`: these reads fail  |
 * | over               | ended    | open              | the rest, to drop it       | `drainBody.timeout`: it is reset       |
 * | over, tunnelled    | open     | either            | the tunnel's user          | that ends it; `writeTimeout` as above  |
 */
import { ProtocolError } from "../api/errors.ts";
import type { Timeouts } from "../api/timeouts.ts";
import { BodyRateMonitor, type BodyRateMonitorOwner } from "../core/body_rate_monitor.ts";
import { requestTimedOut, writeTimedOut } from "../core/client_errors.ts";
import { Deadline, type DeadlineOwner } from "../core/deadline_queue.ts";
import type { Engine } from "../core/engine.ts";
import { PausableTimer, type PausableTimerOwner } from "../core/pausable_timer.ts";
import { RequestTimeouts } from "../core/request_timeouts.ts";
import { ERROR, type ErrorCode } from "./http2_error.ts";

/** The stream. */
export interface StreamTimersOwner {
  /** Octets of the body that were received. */
  readonly bodyReceived: number;
  /** Whether the client may not send, since the handlers of other streams do not read: then it is not to blame. */
  readonly isWithheld: boolean;
  /** Refuses the request. */
  refuse(error: ProtocolError): void;
  /** Whether its response waits for the client's window. */
  readonly isBlocked: boolean;
  /** What is left of the request, behind its response, took too long. */
  restTimedOut(): void;
  /** Ends it with RST_STREAM. */
  reset(code: ErrorCode, error: unknown): void;
}

/** The deadlines of one stream. */
export class StreamTimers implements BodyRateMonitorOwner, DeadlineOwner, PausableTimerOwner {
  /** Of the server that it is for. */
  readonly engine: Engine;
  readonly #owner: StreamTimersOwner;
  readonly #timeouts: RequestTimeouts;
  readonly #request: PausableTimer;
  readonly #rate: BodyRateMonitor;
  readonly #write: Deadline = new Deadline(this);
  readonly #drain: Deadline = new Deadline(this);
  /** Octets of the response, and those of all the connection's, that were sent when `#write` was armed. */
  #sent = 0;
  #sentByAll = 0;

  /** Waits for nothing yet. */
  constructor(owner: StreamTimersOwner, engine: Engine) {
    this.#owner = owner;
    this.engine = engine;
    this.#timeouts = new RequestTimeouts(engine.settings);
    this.#request = new PausableTimer(this, engine);
    this.#rate = new BodyRateMonitor(this, this.#timeouts, engine);
  }

  /** The client's body is waited for (`waits`), or the handler, to read more of it. */
  body(waits: boolean): void {
    if (!waits) {
      this.#request.pause();
      this.#rate.pause();
      return;
    }
    if (this.#request.isRunning) this.#request.resume();
    else this.#request.begin(this.#timeouts.current.requestTimeout);
    this.#rate.resume();
  }

  /** The body is complete, or not waited for any more. */
  bodyOver(): void {
    this.#request.stop();
    this.#rate.stop();
    this.engine.deadlines.disarm(this.#drain);
  }

  /**
   * The response waits for its own window (`isOwn`) or the connection's, `sent` octets having been sent on that: while it
   * waits with the same octet it is not armed again.
   */
  window(isOwn: boolean, sent: number): void {
    const before = isOwn ? this.#sent : this.#sentByAll;
    if (this.#write.armed && sent === before) return;
    if (isOwn) this.#sent = sent;
    else this.#sentByAll = sent;
    this.#armWrite();
  }

  /** Nothing of the response waits. */
  windowOpen(): void {
    this.engine.deadlines.disarm(this.#write);
  }

  #armWrite(): void {
    const { deadlines, now } = this.engine;
    deadlines.arm(this.#write, this.#timeouts.current.writeTimeout, now);
  }

  /** The rest of the request is waited for. */
  drain(): void {
    const { deadlines, settings, now } = this.engine;
    if (!this.#drain.armed) deadlines.arm(this.#drain, settings.drainTimeout, now);
  }

  /** Other times apply to this request from now on. */
  override(timeouts: Timeouts, waitsForBody: boolean): void {
    this.#timeouts.override(timeouts);
    if (timeouts.requestTimeout !== undefined && this.#request.isRunning) {
      this.#request.restart(this.#timeouts.current.requestTimeout);
    }
    if (timeouts.minBodyRate !== undefined) {
      this.#rate.stop();
      if (waitsForBody) this.#rate.resume();
    }
    if (timeouts.writeTimeout !== undefined && this.#write.armed) this.#armWrite();
  }

  /** The stream is over: the next one has the server's times again. */
  stop(): void {
    this.bodyOver();
    this.engine.deadlines.disarm(this.#write);
    this.#sent = this.#sentByAll = 0;
    this.#timeouts.reset();
  }

  get bodyReceived(): number {
    return this.#owner.bodyReceived;
  }

  bodyTooSlow(): void {
    if (this.#owner.isWithheld) return this.#rate.resume();
    this.#owner.refuse(new ProtocolError("body_too_slow", 408, "the request body came too slowly"));
  }

  timerExpired(): void {
    if (this.#owner.isWithheld) return this.#request.begin(this.#timeouts.current.requestTimeout);
    this.#owner.refuse(requestTimedOut());
  }

  expired(deadline: Deadline): void {
    if (deadline === this.#drain) return this.#owner.restTimedOut();
    // Where it waits for its turn now, the client is not to blame.
    if (this.#owner.isBlocked) this.#owner.reset(ERROR.cancel, writeTimedOut());
  }
}

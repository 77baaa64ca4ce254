/**
 * Whether the client answers: our SETTINGS, which it has to acknowledge (RFC 9113 §6.5.3), and, with `http2.pingInterval`,
 * the PINGs that are sent where it has been silent (§6.7).
 */
import { Deadline, type DeadlineOwner } from "../core/deadline_queue.ts";
import type { Engine } from "../core/engine.ts";

/** How long the acknowledgement of SETTINGS is waited for, in milliseconds: some round trips of any network. */
const SETTINGS_TIMEOUT_MS = 10_000;

/** The connection. */
export interface LivenessOwner {
  /** Whether octets wait for the client, behind which a PING would wait, too: `writeTimeout` bounds that. */
  readonly isBackpressured: boolean;
  /** Sends a PING. */
  sendPing(): void;
  /** The client has not acknowledged our SETTINGS. */
  settingsTimedOut(): void;
  /** The client has answered no PING, and sent nothing else either. */
  pingTimedOut(): void;
}

/** Watches one connection. */
export class Liveness implements DeadlineOwner {
  readonly #owner: LivenessOwner;
  readonly #engine: Engine;
  #settings: Deadline | null;
  #ping: Deadline | null = null;
  /** When something was received last, by the monotonic clock. */
  #heardAt: number;
  /** When the PING was sent that is not answered; `null` while none is. */
  #sentAt: number | null = null;

  /** Our SETTINGS are sent now. */
  constructor(owner: LivenessOwner, engine: Engine) {
    const { deadlines, settings, now } = engine;
    this.#owner = owner;
    this.#engine = engine;
    this.#heardAt = now;
    this.#settings = new Deadline(this);
    deadlines.arm(this.#settings, SETTINGS_TIMEOUT_MS, now);
    const { pingInterval } = settings.http2!;
    if (pingInterval === 0) return;
    this.#ping = new Deadline(this);
    deadlines.arm(this.#ping, pingInterval, now);
  }

  /** Something was received. */
  heard(): void {
    this.#heardAt = this.#engine.now;
  }

  /** The client has acknowledged our SETTINGS. */
  settingsAcknowledged(): void {
    if (this.#settings === null) return;
    this.#engine.deadlines.disarm(this.#settings);
    this.#settings = null;
  }

  expired(deadline: Deadline): void {
    if (deadline === this.#settings) this.#owner.settingsTimedOut();
    else this.#checkPing();
  }

  #checkPing(): void {
    const { deadlines, settings, now } = this.#engine;
    const { pingInterval, pingTimeout } = settings.http2!;
    const isAnswered = this.#sentAt === null || this.#heardAt >= this.#sentAt;
    if (this.#owner.isBackpressured) {
      if (!isAnswered) this.#sentAt = now;
      return deadlines.arm(this.#ping!, pingTimeout || pingInterval, now);
    }
    if (!isAnswered && pingTimeout > 0) return this.#owner.pingTimedOut();
    this.#sentAt = null;
    const left = this.#heardAt + pingInterval - now;
    if (left > 0) return deadlines.arm(this.#ping!, left, now);
    this.#owner.sendPing();
    this.#sentAt = now;
    deadlines.arm(this.#ping!, pingTimeout || pingInterval, now);
  }

  /** The connection is closed. */
  stop(): void {
    const { deadlines } = this.#engine;
    if (this.#settings !== null) deadlines.disarm(this.#settings);
    if (this.#ping !== null) deadlines.disarm(this.#ping);
  }
}

/**
 * Detects clients that have vanished: a client that is silent for half of the idle timeout gets a ping, and at the
 * timeout's end the connection is closed.
 */

/** What the probe needs of the connection. */
export interface Probed {
  /** Whether reading is paused by backpressure, so that silence says nothing; `writeTimeout` holds then. */
  readonly isBlocked: boolean;
  /** Sends a ping. */
  ping(): void;
  /** The idle timeout has passed. */
  presumedGone(): void;
}

/** Watches one client. */
export class IdleProbe {
  readonly #probed: Probed;
  readonly #timeout: number;
  #heardAt: number;
  #timer: ReturnType<typeof setTimeout> | undefined;

  /** Watches from now on, until `stop`. `timeout`: milliseconds, more than 0. */
  constructor(probed: Probed, timeout: number) {
    this.#probed = probed;
    this.#timeout = timeout;
    this.#heardAt = performance.now();
    this.#look(timeout / 2);
  }

  /** The client has sent something. */
  heard(): void {
    this.#heardAt = performance.now();
  }

  /** The connection is over. */
  stop(): void {
    clearTimeout(this.#timer);
  }

  /** One timer, which is set again where something was received since: messages do not touch it. */
  #look(delay: number): void {
    this.#timer = setTimeout(() => {
      if (this.#probed.isBlocked) this.heard();
      const left = this.#timeout - (performance.now() - this.#heardAt);
      if (left <= 0) return this.#probed.presumedGone();
      const isQuiet = left <= this.#timeout / 2;
      if (isQuiet) this.#probed.ping();
      this.#look(isQuiet ? left : left - this.#timeout / 2);
    }, Math.ceil(delay));
  }
}

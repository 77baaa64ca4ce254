/**
 * Finds out that a client is gone of which nothing is heard: at half of the idle timeout it is sent a ping, and at its
 * end it is given up.
 */

/** What the probe does. */
export interface Probed {
  /** Whether it cannot be heard for now: it does not take what was sent, for which there is `writeTimeout`. */
  readonly isBlocked: boolean;
  /** Makes the client say something. */
  ping(): void;
  /** It was silent. */
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

  /** One timer, which looks again where something was heard since: no message moves it. */
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

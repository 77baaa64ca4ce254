/**
 * The timeouts of the request under way, which its handler may change, and of the idle time after it.
 */
import type { Timeouts } from "../api/timeouts.ts";
import type { Settings } from "../options/settings.ts";
import { type TimeLimits, timeLimitsWith } from "../options/time_limits.ts";

/** The timeouts in force on one connection. */
export class RequestTimeouts {
  /** In milliseconds, and bytes per second. */
  current: TimeLimits;
  readonly #defaults: Settings;

  /** The server's timeouts apply until `override`. */
  constructor(defaults: Settings) {
    this.#defaults = defaults;
    this.current = defaults;
  }

  /** A request begins: the server's timeouts apply again. */
  reset(): void {
    this.current = this.#defaults;
  }

  /**
   * Replaces those that `timeouts` names, until the next request.
   *
   * @throws {TypeError} on an unknown name or a wrong type
   * @throws {RangeError} on a value out of range
   */
  override(timeouts: Timeouts): void {
    this.current = timeLimitsWith(timeouts, this.current);
  }
}

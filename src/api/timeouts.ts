/**
 * The limits in time that a handler may change for its request. Types only.
 *
 * @module
 */

/** How fast a request body must come. */
export interface MinBodyRate {
  /**
   * Bytes a second at the least; 0 sets no rate.
   * @default 240
   */
  readonly bytesPerSecond?: number;
  /**
   * Milliseconds for which no body is too slow. At least 1.
   *
   * A phone in a tunnel, or between two cells, is silent for half a minute and more, and TCP then waits up to a
   * minute until it sends again (RFC 6298 §2.5). nginx waits 60 s between two reads, too.
   * @default 60_000
   */
  readonly grace?: number;
}

/**
 * The timeouts that a handler may set for its own request. Milliseconds; 0 switches a limit off; what is left
 * out stays as it is.
 *
 * @example
 * ```ts
 * import { serve } from "@mooring/http";
 *
 * const server = await serve({
 *   port: 0,
 *   async fetch(request, info) {
 *     // A large upload from far away may take its time.
 *     if (request.method === "PUT") info.setTimeouts({ requestTimeout: 0, minBodyRate: 10 });
 *     return new Response(`${(await request.bytes()).length} bytes\n`);
 *   },
 * });
 * await server.close();
 * ```
 */
export interface Timeouts {
  /**
   * As the option of this name, for the time after this request. The response tells it to the client, so it
   * counts when set before the response begins.
   */
  readonly idleTimeout?: number;
  /** As the option of this name, counted from this call on. */
  readonly requestTimeout?: number;
  /** As the option of this name. */
  readonly minBodyRate?: number | MinBodyRate;
  /** As the option of this name. */
  readonly writeTimeout?: number;
}

/**
 * Options of HTTP/2. Types only.
 *
 * @module
 */

/**
 * How HTTP/2 is spoken (RFC 9113). What is left out has its default, so that `{}` is the same as `true`. The limits of
 * {@linkcode ConnectionOptions} hold for each of its requests, too.
 *
 * @example
 * ```ts
 * import { type Http2Options, serve } from "@mooring/http";
 *
 * // Uploads from far away: a larger window from the start, and more of it for those that are read fast.
 * const http2: Http2Options = {
 *   maxConcurrentStreams: 50,
 *   initialWindowSize: 262_144,
 *   maxWindowSize: 4_194_304,
 *   pingInterval: 60_000,
 * };
 * const server = await serve({ port: 0, http2, fetch: () => new Response("hello") });
 * await server.close();
 * ```
 */
export interface Http2Options {
  /**
   * How many requests of one connection there may be at a time, as the client is told
   * (`SETTINGS_MAX_CONCURRENT_STREAMS`, RFC 9113 §5.1.2). A handler that runs on counts also once its stream was reset:
   * a client that resets each request cannot have more of them run. From 1 to 2 147 483 647; 0 is refused.
   * @default 100
   */
  readonly maxConcurrentStreams?: number;
  /**
   * Bytes of a request body that a client may send before any of it is read (`SETTINGS_INITIAL_WINDOW_SIZE`, RFC 9113
   * §6.9.2). Until the client has read that, it is 65 535. From 1 024, since each window takes a round trip, to
   * 2 147 483 647; 0 is refused.
   * @default 65_535
   */
  readonly initialWindowSize?: number;
  /**
   * Bytes up to which the window of a stream grows while its body is read as fast as it comes: an upload gets at most
   * this much through in a round trip (RFC 9113 §5.2). From `initialWindowSize`, which keeps windows as they are, to
   * 2 147 483 647; where it is left out it is `initialWindowSize`, if that is more than the default.
   * @default 2_097_152
   */
  readonly maxWindowSize?: number;
  /**
   * Milliseconds without a frame of the client's after which it is sent a PING (RFC 9113 §6.7), also while requests are
   * under way; so a client that has vanished is noticed, and intermediaries do not forget the connection. A PING does not
   * put off `idleTimeout`. 0 sends none.
   * @default 0
   */
  readonly pingInterval?: number;
  /**
   * Milliseconds that a client may take to answer a PING of `pingInterval`; then the connection is closed. While a
   * response waits for the client, `writeTimeout` counts instead, since the PING would wait behind it. 0 awaits no answer.
   * @default 20_000
   */
  readonly pingTimeout?: number;
}

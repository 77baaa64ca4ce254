/**
 * What is published of requests by `node:diagnostics_channel`. Types only.
 *
 * @module
 */
import type { Connection } from "./transport.ts";

/**
 * One request, as it is published on two channels of `node:diagnostics_channel`: on `mooring.request.start` when its head
 * was read, before its handler is called, and on `mooring.request.end` when the exchange is over. Both get the same
 * object, so that a `WeakMap` can keep what belongs to it; each start that was published has its end. A request that is
 * refused before it has reached a handler has both at once.
 *
 * The handler runs inside of the publication of the start: a store that is bound to that channel
 * (`channel.bindStore(asyncLocalStorage)`) is there for all that the handler does.
 *
 * @example
 * ```ts
 * import { channel } from "node:diagnostics_channel";
 * import type { TracedRequest } from "@mooring/http";
 *
 * channel("mooring.request.end").subscribe((message) => {
 *   const { method, target, status, endTime, startTime } = message as TracedRequest;
 *   console.log(`${method} ${target}: ${status} after ${endTime! - startTime} ms`);
 * });
 * ```
 */
export interface TracedRequest {
  /** The connection that brought it. */
  readonly connection: Connection;
  /** The method; `undefined` where no head was read. */
  readonly method: string | undefined;
  /** The request target, as sent; `undefined` where no head was read. */
  readonly target: string | undefined;
  /** When its head was read, by `performance.now()`. */
  readonly startTime: number;
  /** When response and request body were complete, or the connection was lost; `undefined` before. */
  readonly endTime: number | undefined;
  /**
   * The status of the response, 101 where the connection was handed over; `undefined` before the end, and where nothing
   * was responded. Of a silent upgrade (`upgrade({ silent: true })`, and `upgradeWebSocket()` by that) it is 101 as well,
   * whatever the new protocol answers.
   */
  readonly status: number | undefined;
  /** Bytes of the request body that came, without their framing. */
  readonly bytesReceived: number;
  /**
   * Bytes of the response, its head and framing included, as far as they were written. 0 of a silent upgrade, whose answer
   * is the new protocol's.
   */
  readonly bytesSent: number;
  /**
   * What went wrong: what the handler threw, the `ConnectionError` of a client that went away, the `ProtocolError` of a
   * request that was refused.
   */
  readonly error: unknown;
  /** A field of the request, as `Exchange.header()`; `null` after the end, and where no head was read. */
  header(name: string): string | null;
}

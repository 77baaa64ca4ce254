/**
 * One call of a fetch handler: the `info` that it gets, and what becomes of the request when its exchange
 * ends.
 */
import type { Addr, Connection, PeerCertificate } from "../api/transport.ts";
import { Deferred } from "../core/deferred.ts";
import type { ExchangeWatcher, HttpExchange } from "../core/exchange.ts";
import type { ExchangeConnection, ResponseWatcher } from "../core/protocol.ts";
import { clientAddr } from "../core/request_origin.ts";
import { ExchangeError } from "../api/errors.ts";
import type { Fields, HttpVersion, Upgraded, UpgradeOptions } from "../api/exchange.ts";
import type { FetchInfo } from "../api/fetch.ts";
import type { Timeouts } from "../api/timeouts.ts";
import { FastResponse } from "./fast_response.ts";
import { LazyRequest } from "./lazy_request.ts";
import type { BodySource } from "./send_response.ts";
import { assertNoRequest } from "./other_upgrades.ts";

/** A call under way; handlers get a facade of it as `info`. */
export class FetchCall implements FetchInfo, ExchangeWatcher, ResponseWatcher, BodySource {
  readonly #connection: ExchangeConnection;
  readonly #request: LazyRequest;
  /** Whether the connection was handed over, so that no response is sent. */
  upgraded = false;
  #trailers: Headers | null = null;
  #trailersToSend: Fields | (() => Fields) | null = null;
  /** Until the exchange is over: then it is used for other requests. */
  #exchange: HttpExchange | null;
  cancelBody: ((reason: unknown) => void) | null = null;
  #completed: Deferred<void> | null = null;
  /** How the response ended: not yet, well, or with an error. */
  #end: "open" | "written" | { readonly error: unknown } = "open";

  /** Watches `x` from now on. */
  constructor(x: HttpExchange) {
    this.#connection = x.port.lasting;
    this.#request = new LazyRequest(x);
    this.#exchange = x;
    x.watcher = this;
  }

  /** The request that the handler gets. */
  get request(): Request {
    return this.#request as unknown as Request;
  }

  /** The exchange, until it is over. */
  get exchange(): HttpExchange | null {
    return this.#exchange;
  }

  get httpVersion(): HttpVersion {
    return this.#request.httpVersion;
  }

  get connection(): Connection {
    return this.#connection.connection;
  }

  get remoteAddr(): Addr | undefined {
    return clientAddr(this.#connection, this.#request.fields);
  }

  get peerCertificate(): PeerCertificate | undefined {
    return this.connection.peerCertificate;
  }

  get completed(): Promise<void> {
    if (this.#completed === null) {
      this.#completed = new Deferred();
      this.#settle();
    }
    return this.#completed.promise;
  }

  get draining(): AbortSignal {
    return this.#connection.draining;
  }

  get #live(): HttpExchange {
    if (this.#exchange === null) throw new ExchangeError("over", "the exchange is over");
    return this.#exchange;
  }

  get trailers(): Headers {
    if (this.#trailers !== null) return this.#trailers;
    const trailers = this.#exchange?.body.trailers;
    // Kept only once they are there: an early read may be repeated.
    if (trailers == null) return new Headers();
    return this.#trailers = new Headers([...trailers]);
  }

  setTimeouts(timeouts: Timeouts): void {
    this.#live.setTimeouts(timeouts);
  }

  earlyHints(fields: Fields): void {
    this.#live.earlyHints(fields);
  }

  sendTrailers(trailers: Fields | (() => Fields)): void {
    this.#trailersToSend = trailers;
  }

  trailersToSend(): Fields | null {
    const trailers = this.#trailersToSend;
    return typeof trailers === "function" ? trailers() : trailers;
  }

  /** Whether there are any. */
  get sendsTrailers(): boolean {
    return this.#trailersToSend !== null;
  }

  nativeRequest(): Request {
    return this.#request.native;
  }

  upgrade(options?: UpgradeOptions): Upgraded & { readonly response: Response } {
    assertNoRequest(options);
    const upgraded = this.#live.upgrade(options);
    this.upgraded = true;
    return Object.assign(upgraded, { response: new FastResponse(null, { status: 204 }) });
  }

  exchangeOver(): void {
    const { body, response } = this.#exchange!;
    // The exchange is reused: keeps its trailers, which may be read later.
    if (body.trailers != null) void this.trailers;
    this.#exchange = null;
    this.#request.detach(this.#connection);
    response.watch(this);
  }

  exchangeLost(error: unknown): void {
    this.responseLost(error);
    this.cancelBody?.(error);
  }

  responseWritten(): void {
    this.#end = "written";
    this.#settle();
  }

  responseLost(error: unknown): void {
    this.#end = { error };
    this.#settle();
  }

  #settle(): void {
    const completed = this.#completed;
    if (completed === null || this.#end === "open") return;
    if (this.#end === "written") this.#connection.afterFlush(() => completed.resolve());
    else completed.reject(this.#end.error);
  }
}

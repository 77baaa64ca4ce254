/**
 * One call of a fetch handler: the `info` that it gets, and what becomes of the request when its exchange
 * ends.
 */
import type { Addr, Connection } from "../conn.ts";
import { Deferred } from "../connection/deferred.ts";
import type { ExchangeWatcher, HttpExchange } from "../connection/exchange.ts";
import { ExchangeError } from "../errors.ts";
import type { FetchInfo, Timeouts } from "../options.ts";
import { LazyRequest } from "./lazy_request.ts";
import type { BodySource } from "./send_response.ts";

/** A call under way, as the handler's `info`. */
export class FetchCall implements FetchInfo, ExchangeWatcher, BodySource {
  readonly connection: Connection;
  readonly #request: LazyRequest;
  /** Until the exchange is over: then it is used for other requests. */
  #exchange: HttpExchange | null;
  cancelBody: ((reason: unknown) => void) | null = null;
  #completed: Deferred<void> | null = null;
  /** How it ended: not yet, well, or with an error. */
  #end: "open" | "over" | { readonly error: unknown } = "open";

  /** Watches `x` from now on. */
  constructor(x: HttpExchange) {
    this.connection = x.connection;
    this.#request = new LazyRequest(x);
    this.#exchange = x;
    x.watcher = this;
  }

  /** The request that the handler gets. */
  get request(): Request {
    return this.#request as unknown as Request;
  }

  get remoteAddr(): Addr | undefined {
    return this.connection.remoteAddr;
  }

  get completed(): Promise<void> {
    if (this.#completed === null) {
      this.#completed = new Deferred();
      this.#settle();
    }
    return this.#completed.promise;
  }

  setTimeouts(timeouts: Timeouts): void {
    if (this.#exchange === null) throw new ExchangeError("setTimeouts(): the exchange is over");
    this.#exchange.setTimeouts(timeouts);
  }

  exchangeOver(): void {
    this.#exchange = null;
    this.#request.detach();
    this.#end = "over";
    this.#settle();
  }

  exchangeLost(error: unknown): void {
    this.#end = { error };
    this.#settle();
    this.cancelBody?.(error);
  }

  #settle(): void {
    if (this.#end === "over") this.#completed?.resolve();
    else if (this.#end !== "open") this.#completed?.reject(this.#end.error);
  }
}

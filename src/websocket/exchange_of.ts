/**
 * The exchange behind what a handler holds: its request, its `info`, or the exchange's facade.
 */
import { ExchangeError } from "../api/errors.ts";
import type { Exchange } from "../api/exchange.ts";
import type { FetchInfo } from "../api/fetch.ts";
import { HttpExchange } from "../core/exchange.ts";
import { ExchangeFacade } from "../core/exchange_facade.ts";
import { FetchCall } from "../fetch/fetch_call.ts";
import { FetchInfoFacade } from "../fetch/fetch_info.ts";
import { LazyRequest } from "../fetch/lazy_request.ts";

/** A handle by which a handler knows its exchange. */
export type Handle = Request | FetchInfo | Exchange;

/** An exchange, and the call of the fetch handler that it is for, if it is for one. */
export interface Upgradable {
  readonly x: HttpExchange;
  readonly call: FetchCall | null;
}

/**
 * The exchange of `handle`.
 *
 * @throws {TypeError} where `handle` is nothing that a handler of Mooring's got
 * @throws {ExchangeError} where the exchange is over
 */
export function exchangeOf(handle: Handle): Upgradable {
  if (typeof handle === "object" && handle !== null) {
    const x = ExchangeFacade.exchangeOf(handle);
    if (x instanceof HttpExchange) {
      void x.port; // throws where it is over
      return { x, call: null };
    }
    const requested = LazyRequest.exchangeOf(handle);
    const call = FetchInfoFacade.callOf(handle) ?? requested?.watcher;
    if (call instanceof FetchCall && call.exchange !== null) return { x: call.exchange, call };
    // The client has gone, so that nothing is watched any more; `upgrade` tells why.
    if (requested?.response.phase === "aborted") return { x: requested, call: null };
    if (call instanceof FetchCall || (handle as object) instanceof LazyRequest) {
      throw new ExchangeError("over", "upgradeWebSocket(): the request was answered already");
    }
  }
  throw new TypeError(
    "upgradeWebSocket() takes the request, the info or the exchange that a handler of Mooring got; " +
      "of a request that was copied since, pass the info",
  );
}

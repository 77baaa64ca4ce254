/**
 * Makes an exchange handler of a fetch handler.
 */
import { ERROR_FIELDS, errorText } from "../core/error_response.ts";
import type { HttpExchange, RequestHandler } from "../core/exchange.ts";
import type { ConnectionOptions } from "../api/options.ts";
import type { FetchHandler } from "../api/fetch.ts";
import { sendFast } from "./fast_response.ts";
import { FetchCall } from "./fetch_call.ts";
import { FetchInfoFacade } from "./fetch_info.ts";
import { asResponse } from "./foreign_response.ts";
import { installGlobals } from "./install_globals.ts";
import { explained } from "./other_upgrades.ts";
import { sendTracked, wasSent } from "./tracked_response.ts";
import { sendBodiless, sendResponse, usedAlready } from "./send_response.ts";

/** Reports an error, and may say how to answer it. */
export type ErrorReporter = NonNullable<ConnectionOptions["onError"]>;

/** Calls `fetch` for each request; what it throws goes to `onError`. `globals`: whether to replace the platform's. */
export function fetchHandler(fetch: FetchHandler, onError: ErrorReporter, globals: boolean): RequestHandler {
  if (globals) installGlobals();
  return (x: HttpExchange): void | Promise<void> => {
    const call = new FetchCall(x);
    let response: Response | Promise<Response>;
    try {
      response = fetch(call.request, new FetchInfoFacade(call));
      if (!requiresSlowPath(x, call) && sendNow(x, response as Response)) return;
    } catch (error) {
      return fail(x, call, error, onError);
    }
    return answer(x, call, response, onError);
  };
}

/** The slow path: responses that are promised, or native. */
async function answer(
  x: HttpExchange,
  call: FetchCall,
  promised: Response | Promise<Response>,
  onError: ErrorReporter,
): Promise<void> {
  try {
    const given = await promised;
    if (call.upgraded) return; // the connection is another protocol's: no response is sent
    const response = asResponse(given);
    if (response === undefined) {
      const what = given === null ? "null" : typeof given;
      throw new TypeError(`a fetch handler must return a Response, not ${what}`);
    }
    const sending = send(x, call, response);
    if (sending !== undefined) await sending;
  } catch (error) {
    await fail(x, call, error, onError);
  }
}

function send(x: HttpExchange, call: FetchCall, response: Response): void | Promise<void> {
  if (wasSent(response)) throw usedAlready();
  if (isConnect(x) && response.ok) {
    // It promises a tunnel (RFC 9110 §9.3.6), which upgrade() alone makes.
    if (response.body?.locked === false) response.body.cancel().catch(() => {});
    return respondError(x, 501);
  }
  if (requiresSlowPath(x, call) || !sendAtOnce(x, response)) return sendResponse(x, response, call);
}

/** Sends a response whose body is at hand; answers whether it is. */
function sendAtOnce(x: HttpExchange, response: Response): boolean {
  return sendFast(x, response) || sendTracked(x, response);
}

/** As `sendAtOnce`, in the handler's own turn: also one that has no body, as `sendResponse` does later. */
function sendNow(x: HttpExchange, response: Response): boolean {
  return sendAtOnce(x, response) || sendBodiless(x, response);
}

/** Whether the fast way out would forget something. */
function requiresSlowPath(x: HttpExchange, call: FetchCall): boolean {
  return call.upgraded || call.sendsTrailers || isConnect(x);
}

function isConnect(x: HttpExchange): boolean {
  return x.head.method === "CONNECT";
}

/** Reports an error, and answers with what the report says, or 500, where nothing was answered yet. */
async function fail(x: HttpExchange, call: FetchCall, error: unknown, onError: ErrorReporter): Promise<void> {
  x.traceFailure(error);
  const isClientError = x.isClientError(error);
  if (x.response.phase === "streaming") x.abort();
  try {
    const response = isClientError ? undefined : asResponse(await onError(explained(error), call.request));
    if (response !== undefined && x.response.phase === "unanswered") await send(x, call, response);
    else response?.body?.cancel().catch(() => {});
  } catch (second) {
    console.error(second);
    if (x.response.phase === "streaming") x.abort();
  }
  // A handler that knows nothing of CONNECT may fail on its request, of which the platform makes no Request.
  if (x.response.phase === "unanswered") respondError(x, isConnect(x) ? 501 : 500);
}

function respondError(x: HttpExchange, status: number): void {
  x.respond(status, ERROR_FIELDS, errorText(status));
}

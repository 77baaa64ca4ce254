/**
 * Makes an exchange handler of a fetch handler.
 */
import type { HttpExchange } from "../connection/exchange.ts";
import type { Exchange, ExchangeHandler } from "../exchange.ts";
import type { ConnectionOptions, FetchHandler } from "../options.ts";
import { sendFast } from "./fast_response.ts";
import { FetchCall } from "./fetch_call.ts";
import { makePeace } from "./interop.ts";
import { sendNoted, wasSent } from "./noted_response.ts";
import { NativeResponse } from "./stand_in.ts";
import { sendResponse, usedAlready } from "./send_response.ts";

/** Reports an error, and may say how to answer it. */
export type ErrorReporter = NonNullable<ConnectionOptions["onError"]>;

/** Wraps `fetch`; what it throws goes to `onError`. */
export function fetchHandler(fetch: FetchHandler, onError: ErrorReporter): ExchangeHandler {
  makePeace();
  return (exchange: Exchange): void | Promise<void> => {
    const x = exchange as HttpExchange;
    const call = new FetchCall(x);
    let response: Response | Promise<Response>;
    try {
      response = fetch(call.request, call);
      if (!needsCare(call) && sendAtOnce(x, response as Response)) return;
    } catch (error) {
      return fail(x, call, error, onError);
    }
    return answer(x, call, response, onError);
  };
}

/** The way of every response that is not there at once, or is a native one. */
async function answer(
  x: HttpExchange,
  call: FetchCall,
  promised: Response | Promise<Response>,
  onError: ErrorReporter,
): Promise<void> {
  try {
    const response = await promised;
    if (call.upgraded) return; // whatever it is, there is nobody to send it to
    if (!(response instanceof NativeResponse)) {
      const what = response === null ? "null" : typeof response;
      throw new TypeError(`a fetch handler must return a Response, not ${what}`);
    }
    await send(x, call, response);
  } catch (error) {
    await fail(x, call, error, onError);
  }
}

function send(x: HttpExchange, call: FetchCall, response: Response): void | Promise<void> {
  if (wasSent(response)) throw usedAlready();
  if (needsCare(call) || !sendAtOnce(x, response)) return sendResponse(x, response, call);
}

/** Sends a response whose body is at hand; answers whether it is. */
function sendAtOnce(x: HttpExchange, response: Response): boolean {
  return sendFast(x, response) || sendNoted(x, response);
}

/** Whether the fast way out would forget something. */
function needsCare(call: FetchCall): boolean {
  return call.upgraded || call.sendsTrailers;
}

/** Reports an error, and answers with what the report says, or 500, where nothing was answered yet. */
async function fail(x: HttpExchange, call: FetchCall, error: unknown, onError: ErrorReporter): Promise<void> {
  try {
    const response = x.isAbort(error) ? undefined : await onError(error, call.request);
    if (x.response.phase === "unanswered" && response instanceof NativeResponse) {
      await send(x, call, response);
    }
  } catch (second) {
    console.error(second);
  }
  if (x.response.phase === "unanswered") x.respond(500, PLAIN_TEXT, "Internal Server Error\n");
}

const PLAIN_TEXT = { "content-type": "text/plain" };

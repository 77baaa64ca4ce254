/**
 * What must hold for clients of HTTP/1.1. Each function answers what is wrong, or `null`.
 */
import type { Settings } from "../../src/options/settings.ts";
import { acquireExchange, type Http1Exchange, releaseExchange } from "../../src/http1/exchange_pool.ts";
import type { Http1Client } from "./http1_client.ts";

/** After a step: what waits to be processed is bounded. */
export function checkBuffered(client: Http1Client, settings: Settings): string | null {
  const { transport } = client;
  const buffered = transport.delivered - consumable(client);
  const { highWaterMark, maxHeaderBytes } = settings;
  // A chunk may come when there is room for a byte, and one more after the pause.
  const most = highWaterMark + 2 * transport.largestChunk + maxHeaderBytes;
  if (buffered <= most || transport.isClosed || client.connection?.state !== "active") return null;
  return `${buffered} bytes are buffered, of at most ${most}`;
}

/** How many of the delivered bytes the engine may have used up: what comes after them is kept somewhere. */
function consumable({ asked, transport, tunnels }: Http1Client): number {
  if (tunnels) return transport.delivered;
  let bytes = 0;
  let last = -1;
  asked.forEach(({ calls }, i) => {
    if (calls > 0) last = i;
  });
  if (last < 0) return transport.delivered;
  for (let i = 0; i <= last; i++) bytes += asked[i].headLength + asked[i].bodyLength;
  const { answer: { phase }, bodyUntouched, bodyLength, failed } = asked[last];
  if (failed) return transport.delivered; // the body is dropped then
  if (phase === "unanswered" && bodyUntouched) bytes -= bodyLength;
  return phase === "unanswered" ? bytes : transport.delivered;
}

/** When nothing moves any more: whoever reads has got what was answered. */
export function checkAnswers(client: Http1Client): string | null {
  const { connection, transport } = client;
  if (connection?.state !== "active" || transport.isClosed || client.tunnels || client.sawLast) return null;
  const next = client.asked[client.answered];
  const before = client.asked[client.answered - 1];
  if (next === undefined || before?.answer.phase === "streaming") return null; // a HEAD, whose handler has not ended
  const { answer, failed, isReturned, upgraded } = next;
  // What answers for a handler that has failed may never come: `onError` decides that.
  if (answer.phase === "complete" && isReturned && !failed && !upgraded) {
    return `the answer to ${next.name} is complete, and does not come`;
  }
  return next.calls === 0 && next.isSent ? `${next.name} is not handled` : null;
}

/** After an end before which everything was to be answered. */
export function checkFinished({ asked, answered }: Http1Client): string | null {
  const cut = asked.slice(answered).find(({ calls, failed }) => calls > 0 && !failed);
  return cut === undefined ? null : `${cut.name} was handled, and never answered`;
}

/** Everything in the pool is there once, and nobody's; `count` is how many may be there. */
export function checkPool(count: number): string | null {
  const taken: Http1Exchange[] = [];
  for (let i = 0; i < count; i++) taken.push(acquireExchange());
  const once = new Set(taken.reverse());
  try {
    if (once.size < taken.length) return "an exchange is in the pool twice";
    if (taken.some(({ isUnderWay }) => isUnderWay)) return "an exchange in the pool is under way";
    return taken.some(({ isReferenced }) => isReferenced) ? "an exchange in the pool is a handler's" : null;
  } finally {
    for (const exchange of once) releaseExchange(exchange);
  }
}

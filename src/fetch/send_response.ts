/**
 * Sends a native `Response` through an exchange: whole where its body ends at once, else as it comes, no
 * faster than the client takes it.
 */
import type { HttpExchange } from "../core/exchange.ts";
import type { Fields } from "../api/exchange.ts";
import { type ChunkReader, readChunks } from "./chunk_reader.ts";
import { respondWhole } from "./respond_whole.ts";
import { headersToSend } from "./response_headers.ts";
import { blobOf, hasFormDataBody, hasSource, NativeResponse } from "./response_override.ts";
import { isBun } from "./user_agent.ts";

/** Where a body comes from; cancelled when it cannot be sent any more. */
export interface BodySource {
  /** Stops the source; `null` while there is none. */
  cancelBody: ((reason: unknown) => void) | null;
  /** Whether trailers come behind it. */
  readonly sendsTrailers: boolean;
  /** The trailers, at its end. */
  trailersToSend(): Fields | null;
}

/** Sends a platform's response that is known to have no body; answers whether it was sent. */
export function sendBodiless(x: HttpExchange, response: Response): boolean {
  // What was made of something has a body, and on Bun a look at a file's makes a stream of it.
  if (!(response instanceof NativeResponse) || hasSource(response)) return false;
  completeHeaders(response);
  if (response.body !== null) return false;
  respondWhole(x, response.status, headersToSend(response, false), null);
  return true;
}

/**
 * Sends `response`; says in `source` how its body is cancelled.
 *
 * @returns once all was handed to the transport; at once, without a promise, where there is no body
 * @throws (rejects) what the body's stream throws: the response is to be cut off then
 */
export function sendResponse(x: HttpExchange, response: Response, source: BodySource): void | Promise<void> {
  completeHeaders(response);
  const headers = headersToSend(response, source.sendsTrailers);
  if (response.bodyUsed) throw usedAlready();
  if (isSmallBlob(response) && x.head.method !== "HEAD" && !source.sendsTrailers) {
    return sendBlob(x, response, headers);
  }
  const { status, body } = response;
  if (body === null) return respondWhole(x, status, headers, null);
  if (body.locked) throw usedAlready();
  const isForm = hasFormDataBody(response);
  if (x.head.method === "HEAD") {
    if (!isForm) cancel(body); // it is not sent
    return x.respond(status, headers, null);
  }
  const reader = readChunks(body);
  const cancelBody = isForm ? ignore : (reason?: unknown): void => cancel(reader, reason);
  if (x.response.phase === "aborted") return cancelBody(); // there is no client any more
  source.cancelBody = cancelBody;
  return sendBody(x, status, headers, reader, source);
}

/**
 * Makes the platform fill in the headers of `response`, by getting its `body` where it is of a subclass, and otherwise
 * its `headers`, since Bun forgets the type of a Blob once `body` was got.
 */
function completeHeaders(response: Response): void {
  if (Object.getPrototypeOf(response) === NativeResponse.prototype) void response.headers;
  else void response.body;
}

/** Up to this size a Blob is read at once: on Bun that takes half of what its stream does, elsewhere more. */
const SMALL_BLOB = isBun ? 64 * 1024 : 0;

/** Whether `response` is of a small Blob. */
function isSmallBlob(response: Response): boolean {
  return SMALL_BLOB > 0 && (blobOf(response)?.size ?? Infinity) <= SMALL_BLOB;
}

async function sendBlob(x: HttpExchange, response: Response, headers: Headers): Promise<void> {
  respondWhole(x, response.status, headers, new Uint8Array(await response.arrayBuffer()));
}

/** Cancels the stream through its holder, without awaiting that. */
function cancel(holder: { cancel(reason?: unknown): Promise<void> }, reason?: unknown): void {
  holder.cancel(reason).catch(ignore);
}

function ignore(): void {}

/** What a handler is told that returns a `Response` twice. */
export function usedAlready(): TypeError {
  return new TypeError("the Response was used already; make a new one each time");
}

async function sendBody(
  x: HttpExchange,
  status: number,
  headers: Headers,
  reader: ChunkReader,
  source: BodySource,
): Promise<void> {
  try {
    let read = reader.read();
    if (await settlesSoon(read) && !source.sendsTrailers) {
      const first = await read;
      if (first.done) {
        reader.release(first.value);
        return respondWhole(x, status, headers, "");
      }
      const chunk = reader.chunkOf(first.value);
      read = reader.read();
      read.catch(() => {}); // told when its turn comes, which may be after a wait for the client
      // A body made of text or bytes is one chunk whose end is known right after it: so its length is told.
      const second = await settlesSoon(read) ? await read : null;
      if (second?.done) {
        reader.release(second.value);
        return respondWhole(x, status, headers, reader.wholeOf(first.value));
      }
      x.start(status, headers);
      if (!x.write(chunk)) await x.ready();
      reader.release(first.value);
    } else {
      // Clients wait for the head: an event stream's to know that it is open, others before they send their body.
      x.start(status, headers);
    }
    let next = await read;
    for (; !next.done; next = await reader.read()) {
      // A source that never waits would otherwise hold the event loop.
      if (!x.write(reader.chunkOf(next.value)) || !x.spendTurn()) await x.ready();
      reader.release(next.value);
    }
    reader.release(next.value);
    x.end(null, source.trailersToSend() ?? undefined);
  } catch (error) {
    const isClientGone = x.isAborted;
    const { phase } = x.response;
    source.cancelBody!(error);
    // That the client has gone, as one that has half-closed mostly has, is no failure of the handler's; that the body
    // has not its content-length is, upon which the exchange has cut itself off.
    if (phase === "unanswered" || !isClientGone || error instanceof RangeError) throw error;
    if (phase === "streaming") x.abort();
  }
}

/** Microtasks that a stream needs at the most to give what it has at hand, and that this was all. */
const SOON = 16;

/** Whether `promise` settles within a few microtasks. */
async function settlesSoon(promise: Promise<unknown>): Promise<boolean> {
  let isSettled = false;
  const settled = (): void => {
    isSettled = true;
  };
  promise.then(settled, settled);
  for (let i = 0; i < SOON && !isSettled; i++) await null;
  return isSettled;
}

/**
 * Sends a native `Response` through an exchange: whole where its body ends at once, else as it comes, no
 * faster than the client takes it.
 */
import type { HttpExchange } from "../connection/exchange.ts";
import type { Fields } from "../exchange.ts";
import { isForm } from "./stand_in.ts";

/** Where a body comes from, to be told when nobody takes it any more. */
export interface BodySource {
  /** Stops the source; `null` while there is none. */
  cancelBody: ((reason: unknown) => void) | null;
  /** Whether trailers come behind it. */
  readonly sendsTrailers: boolean;
  /** The trailers, at its end. */
  trailersToSend(): Fields | null;
}

/**
 * Sends `response`; says in `source` how its body is cancelled.
 *
 * @returns once all was handed to the transport; at once, without a promise, where there is no body
 * @throws (rejects) what the body's stream throws; the connection is cut off then
 */
export function sendResponse(x: HttpExchange, response: Response, source: BodySource): void | Promise<void> {
  const { status, headers, body } = response;
  if (body === null) return x.respond(status, headers, null);
  if (body.locked || response.bodyUsed) throw usedAlready();
  /** Tells the source to stop, through who has the stream, and leaves it at that. */
  const cancel = (holder: Cancellable, reason?: unknown): void => {
    if (!isForm(response)) holder.cancel(reason).catch(() => {});
  };
  if (x.head.method === "HEAD") {
    cancel(body); // nobody is interested in it
    return x.respond(status, headers, null);
  }
  const reader = body.getReader();
  if (x.response.phase === "cut") return cancel(reader); // nobody is left to send it to
  source.cancelBody = (reason) => cancel(reader, reason);
  return sendBody(x, status, headers, reader, source);
}

/** A stream, or who reads it. */
interface Cancellable {
  cancel(reason?: unknown): Promise<void>;
}

/** What a handler is told that returns a `Response` twice. */
export function usedAlready(): TypeError {
  return new TypeError("the Response was used already; make a new one each time");
}

async function sendBody(
  x: HttpExchange,
  status: number,
  headers: Headers,
  reader: ReadableStreamDefaultReader<Uint8Array<ArrayBuffer>>,
  source: BodySource,
): Promise<void> {
  try {
    const first = await reader.read();
    if (first.done && !source.sendsTrailers) return x.respond(status, headers, "");
    if (!first.done) checkChunk(first.value);
    const second = first.done ? Promise.resolve(first) : reader.read();
    second.catch(() => {}); // told when its turn comes, which may be after a wait for the client
    // A body made of text or bytes is one chunk whose end is known right after it.
    if (!source.sendsTrailers && await isDoneSoon(second)) return x.respond(status, headers, first.value);
    x.start(status, headers);
    if (!first.done && !x.write(first.value)) await x.ready();
    for (let chunk = await second; !chunk.done; chunk = await reader.read()) {
      checkChunk(chunk.value);
      // A source that never waits would otherwise hold the event loop.
      if (!x.write(chunk.value) || !x.spendTurn()) await x.ready();
    }
    x.end(null, source.trailersToSend() ?? undefined);
  } catch (error) {
    source.cancelBody!(error);
    if (x.response.phase === "streaming") x.abort();
    // That the client has gone is no failure of the handler; that the body has not its content-length is,
    // upon which the exchange has cut itself off.
    else if (x.response.phase === "cut" && !(error instanceof RangeError)) return;
    throw error;
  }
}

/** Microtasks that a stream over text or bytes needs at the most to tell that it has ended. */
const SOON = 8;

/** Whether `read` tells the end within a few microtasks. */
async function isDoneSoon(read: Promise<ReadableStreamReadResult<unknown>>): Promise<boolean> {
  let done: boolean | undefined;
  read.then((result) => done = result.done, () => done = false);
  for (let i = 0; i < SOON && done === undefined; i++) await null;
  return done === true;
}

function checkChunk(chunk: unknown): asserts chunk is Uint8Array {
  if (!(chunk instanceof Uint8Array)) throw new TypeError("the body's stream must give Uint8Array chunks");
}

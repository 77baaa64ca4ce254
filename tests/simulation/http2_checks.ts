/**
 * What must hold for clients of HTTP/2. Each function answers what is wrong, or `null`.
 */
import type { Settings } from "../../src/options/settings.ts";
import type { Http2Stream } from "../../src/http2/stream.ts";
import { acquireStream, releaseStream } from "../../src/http2/stream_pool.ts";
import { FIRST_WINDOW, FRAME_SIZE, HEAD, MAX_31 } from "./http2_frames.ts";
import type { Http2Client } from "./http2_client.ts";
import { mostReceived } from "./receive_watch.ts";

/** What one stream may add to what waits, whatever waits already: a head, and a short text. */
const HEAD_AND_TEXT = 1_024;

/** How many bytes may wait to be sent, beside `highWaterMark`. */
export function mostQueued({ asked, plan }: Http2Client, settings: Settings): number {
  const floods = plan.steps.some((step) => step.do === "flood");
  const streams = Math.min(settings.http2!.maxConcurrentStreams, floods ? Infinity : asked.length + 3);
  return settings.highWaterMark / 2 + HEAD + FRAME_SIZE + streams * HEAD_AND_TEXT;
}

/** After a step: what waits to be processed, or read by handlers, is bounded. `largestChunk` is that of all clients. */
export function checkBuffered(largestChunk: number, settings: Settings): string | null {
  const { highWaterMark, maxHeaderBytes } = settings;
  const { maxWindowSize } = settings.http2!;
  const most = Math.max(
    highWaterMark + 2 * largestChunk + maxHeaderBytes + FRAME_SIZE + HEAD,
    maxWindowSize,
    FIRST_WINDOW,
  );
  return mostReceived() > most ? `${mostReceived()} bytes are buffered, of at most ${most}` : null;
}

/** When nothing moves any more: whoever reads has got what was answered. */
export function checkAnswers(client: Http2Client): string | null {
  const { connection, transport, lastStream } = client;
  if (connection === null || transport.isClosed || client.http1 !== null || client.sawEnd) return null;
  if (connection.state === "closed" || connection.state === "draining") return null;
  if (client.sendWindow <= 0) return "the connection's window is not given back";
  for (const stream of client.streams) {
    const isReading = stream.entry.isReading && !stream.isStopped && client.ways.acks >= 0;
    if (isReading && stream.sendWindow <= 0) {
      return `the handler of ${stream.entry.name} reads, and the window is not given back`;
    }
    const { entry, id, isOpened, isAnswered, receiveWindow } = stream;
    const { answer, calls, failed, isReturned, name } = entry;
    if (isAnswered || !isOpened || id > lastStream) continue;
    if (calls === 0) return `${name} is neither handled nor refused`;
    if (entry.request.defect !== null && stream.sentEnd && entry.request.defect !== "more than the window") {
      return `${name} is not refused, although it has the defect: ${entry.request.defect}`;
    }
    const isWindowOpen = receiveWindow > 0 && client.windows.connection > 0;
    if (answer.phase === "complete" && isReturned && !failed && isWindowOpen) {
      return `the answer to ${name} is complete, and does not come`;
    }
  }
  return null;
}

/** A violation must have ended the connection, or its stream. */
export function checkViolation(client: Http2Client): string | null {
  const { circumstances: { violation }, connection, transport, plan } = client;
  if (violation === null || client.goawayCode !== null || plan.transport.faults.length > 0) return null;
  const isOver = client.sawEnd || client.isBroken || transport.isClosed || connection === null ||
    connection.state === "closed" || connection.state === "draining" || !client.reads || client.hasEnded;
  const isOfStream = violation.mayBeOfStream === true;
  return isOver || isOfStream ? null : "a violation has not ended the connection";
}

/** After an end before which everything was to be answered. */
export function checkFinished({ streams, lastStream, http1 }: Http2Client): string | null {
  if (http1 !== null || streams.length === 0) return null;
  if (lastStream === Infinity || lastStream === MAX_31) return "no GOAWAY has told which stream was the last";
  for (const { entry: { name, calls, failed }, id, isAnswered, isOpened } of streams) {
    if (id <= lastStream && isOpened && !isAnswered && !(calls > 0 && failed)) {
      return `${name} is not answered, and is up to the last stream of GOAWAY`;
    }
  }
  return null;
}

/** Whoever is told that a stream was not handled may send its request again. */
export function checkLast({ streams, lastStream }: Http2Client): string | null {
  const late = streams.find(({ id, entry }) => id > lastStream && entry.calls > 0);
  return late === undefined
    ? null
    : `${late.entry.name} was handled, and is behind the last stream of GOAWAY`;
}

/** Everything in the pool is there once, and nobody's; `count` is how many may be there. */
export function checkPool(count: number): string | null {
  const taken: Http2Stream[] = [];
  for (let i = 0; i < count; i++) taken.push(acquireStream());
  const once = new Set(taken.reverse());
  try {
    if (once.size < taken.length) return "a stream is in the pool twice";
    return taken.every(({ isReusable }) => isReusable) ? null : "a stream in the pool is in use";
  } finally {
    for (const stream of once) releaseStream(stream);
  }
}

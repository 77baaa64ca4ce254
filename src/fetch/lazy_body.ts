/**
 * The stream of a response's body that takes the content when it is read. Mostly the server sends the content as it is, and
 * what a platform does at once (it encodes a text, copies bytes, makes a stream of them) would be for nothing.
 */
import type { Bytes } from "../api/bytes.ts";
import type { PooledBytes } from "../wire/pooled_bytes.ts";
import { NativeResponse } from "./response_override.ts";

/** Content at hand. */
export type Content = string | PooledBytes;

const encoder = new TextEncoder();

/** Gives the content to the first read of the stream. */
export interface ContentSource {
  /**
   * The content, which is the stream's from now on.
   *
   * @throws {TypeError} where it was sent
   */
  takeContent(): Content;
}

/** Whether the platform's own are byte streams, whose readers may bring their memory; `null` until it was tried. */
let isByteStream: boolean | null = null;

function tryByteStream(): boolean {
  try {
    new NativeResponse(new Uint8Array(1)).body!.getReader({ mode: "byob" });
    return true;
  } catch {
    return false;
  }
}

/** So that a stream is not pulled before it is read. */
const NO_QUEUE = { highWaterMark: 0 };

/** A stream of what `source` has. */
export function lazyBody(source: ContentSource): ReadableStream<Bytes> {
  const pull = (controller: Controller): void => {
    const content = source.takeContent();
    const bytes = typeof content === "string" ? encoder.encode(content) : content.slice();
    if (bytes.length > 0) controller.enqueue(bytes);
    controller.close();
    // A reader that brings its own memory waits for the end.
    if ("byobRequest" in controller) controller.byobRequest?.respond(0);
  };
  isByteStream ??= tryByteStream();
  return isByteStream
    ? new ReadableStream({ type: "bytes", pull })
    : new ReadableStream<Bytes>({ pull }, NO_QUEUE);
}

type Controller = ReadableByteStreamController | ReadableStreamDefaultController<Bytes>;

/**
 * Responses of other classes than the platform's: those of an npm package, a ponyfill, another realm. Whatever has
 * a status, headers and a body is sent.
 */
import type { Bytes } from "../api/bytes.ts";
import {
  type ChunkIterable,
  isChunkIterable,
  isStreamLike,
  streamFrom,
  type StreamLike,
  streamOf,
} from "./chunk_stream.ts";
import { describeDecoded, isDecoded } from "./decoded_response.ts";
import { usedAlready } from "./send_response.ts";
import { NativeHeaders, NativeResponse } from "./response_override.ts";

/** The members by which a response is known. */
interface ResponseLike {
  readonly status: number;
  readonly headers: HeadersLike;
  readonly body: StreamLike | ChunkIterable | null;
  readonly bodyUsed?: boolean;
  readonly url?: unknown;
}

/** Headers, as pairs or by `forEach`. */
interface HeadersLike {
  [Symbol.iterator]?(): Iterator<[string, string]>;
  forEach?(each: (value: string, name: string) => void): void;
  getSetCookie?(): string[];
}

/**
 * `value` as the platform's `Response`; `undefined` where it is no response.
 *
 * @throws {TypeError} where it was used already
 * @throws {RangeError} on a status outside 200 to 599
 */
export function asResponse(value: unknown): Response | undefined {
  if (value instanceof NativeResponse) return value;
  if (!isResponseLike(value)) return undefined;
  const { status, body } = value;
  if (value.bodyUsed === true || (body as { locked?: boolean } | null)?.locked === true) throw usedAlready();
  const headers = copyHeaders(value.headers);
  if (isDecoded(value as unknown as Response, headers)) describeDecoded(headers);
  return new NativeResponse(streamBody(body), { status, headers });
}

function isResponseLike(value: unknown): value is ResponseLike {
  if (typeof value !== "object" || value === null) return false;
  const { status, headers, body } = value as Record<string, unknown>;
  return typeof status === "number" && isHeadersLike(headers) &&
    (body === null || isStreamLike(body) || isChunkIterable(body));
}

function isHeadersLike(value: unknown): value is HeadersLike {
  if (typeof value !== "object" || value === null) return false;
  return Symbol.iterator in value || typeof (value as HeadersLike).forEach === "function";
}

function copyHeaders(given: HeadersLike): Headers {
  const headers = new NativeHeaders();
  const cookies = given.getSetCookie?.();
  const add = (value: string, name: string): void => {
    // Some join them, which no client can take apart.
    if (cookies === undefined || name.toLowerCase() !== "set-cookie") headers.append(name, value);
  };
  if (Symbol.iterator in given) {
    for (const [name, value] of given as Iterable<[string, string]>) add(value, name);
  } else given.forEach!(add);
  for (const cookie of cookies ?? []) headers.append("set-cookie", cookie);
  return headers;
}

function streamBody(body: StreamLike | ChunkIterable | null): ReadableStream<Bytes> | null {
  if (body === null || body instanceof ReadableStream) return body as ReadableStream<Bytes>;
  return isStreamLike(body) ? streamFrom(body) : streamOf(body);
}

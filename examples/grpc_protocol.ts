// gRPC over HTTP/2 as a fetch handler: messages in frames of five octets and a payload, the outcome in trailers.
// https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md
import type { FetchHandler, FetchInfo } from "../mod.ts";

/** Outcomes of calls, those that are used here. */
export const STATUS = {
  ok: 0,
  cancelled: 1,
  unknown: 2,
  invalidArgument: 3,
  deadlineExceeded: 4,
  resourceExhausted: 8,
  unimplemented: 12,
  internal: 13,
} as const;

/** A call that fails: methods throw it. */
export class GrpcError extends Error {
  readonly status: number;

  /** With one of `STATUS`, and a text for people. */
  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}

/** How a kind of message is written. */
export interface Codec<T> {
  encode(message: T): Uint8Array;
  /** Throws on what is no such message. */
  decode(bytes: Uint8Array): T;
}

/** What a method learns beside its requests. */
export interface Call {
  /** Aborts when the client cancels the call or goes away, and at the deadline. */
  readonly signal: AbortSignal;
  /** What the client tells of the call. */
  readonly metadata: Headers;
}

/** A method: messages in, messages out. */
export type Method = (requests: AsyncIterable<Uint8Array>, call: Call) => AsyncIterable<Uint8Array>;

/** One request, one response. */
export function unary<Q, A>(
  requests: Codec<Q>,
  answers: Codec<A>,
  answer: (request: Q, call: Call) => A | Promise<A>,
): Method {
  return clientStream(requests, answers, async (given, call) => await answer(await onlyOne(given), call));
}

/** One request, many responses. */
export function serverStream<Q, A>(
  requests: Codec<Q>,
  answers: Codec<A>,
  answer: (request: Q, call: Call) => AsyncIterable<A>,
): Method {
  return duplexStream(requests, answers, async function* (given, call) {
    yield* answer(await onlyOne(given), call);
  });
}

/** Many requests, one response. */
export function clientStream<Q, A>(
  requests: Codec<Q>,
  answers: Codec<A>,
  answer: (requests: AsyncIterable<Q>, call: Call) => A | Promise<A>,
): Method {
  return duplexStream(requests, answers, async function* (given, call) {
    yield await answer(given, call);
  });
}

/** Many requests, many responses, each when it likes. */
export function duplexStream<Q, A>(
  requests: Codec<Q>,
  answers: Codec<A>,
  answer: (requests: AsyncIterable<Q>, call: Call) => AsyncIterable<A>,
): Method {
  return async function* (given, call) {
    for await (const message of answer(decoded(given, requests), call)) yield answers.encode(message);
  };
}

async function* decoded<T>(messages: AsyncIterable<Uint8Array>, codec: Codec<T>): AsyncGenerator<T> {
  for await (const bytes of messages) {
    let message: T;
    try {
      message = codec.decode(bytes);
    } catch (error) {
      throw new GrpcError(STATUS.invalidArgument, `no such message: ${(error as Error).message}`);
    }
    yield message;
  }
}

async function onlyOne<T>(messages: AsyncIterable<T>): Promise<T> {
  let only: { readonly message: T } | undefined;
  for await (const message of messages) {
    if (only !== undefined) throw new GrpcError(STATUS.unimplemented, "the method takes one message");
    only = { message };
  }
  if (only === undefined) throw new GrpcError(STATUS.unimplemented, "the method takes one message");
  return only.message;
}

/** A handler for methods by their paths, such as `/package.Service/Method`. */
export function grpc(methods: Readonly<Record<string, Method>>): FetchHandler {
  const paths = new Map(Object.entries(methods));
  return async (request, info) => {
    const type = request.headers.get("content-type") ?? "";
    if (request.method !== "POST" || !/^application\/grpc(?:\+proto)?(?:;|$)/.test(type)) {
      return new Response("This is a gRPC server.\n", { status: 415 });
    }
    const { pathname } = new URL(request.url);
    const method = paths.get(pathname);
    if (method === undefined) {
      return trailersOnly(new GrpcError(STATUS.unimplemented, `there is no method ${pathname}`));
    }
    const call = { signal: endOfCall(request), metadata: request.headers };
    const answers = method(messagesOf(request), call)[Symbol.asyncIterator]();
    try {
      // An error before the first message is all that is sent: the status stands in the head then.
      return streamOf(await nextOf(answers, call.signal), answers, call.signal, info);
    } catch (error) {
      return trailersOnly(error);
    }
  };
}

const UNITS = { H: 3_600_000, M: 60_000, S: 1_000, m: 1, u: 1e-3, n: 1e-6 };
/** The longest time that timers know, in milliseconds; longer deadlines are none. */
const MAX_TIMEOUT = 2 ** 31 - 1;

/** Aborts when the client has gone, or when the deadline that it told is over. */
function endOfCall(request: Request): AbortSignal {
  const [, count, unit] = /^(\d{1,8})([HMSmun])$/.exec(request.headers.get("grpc-timeout") ?? "") ?? [];
  const timeout = count === undefined
    ? Infinity
    : Math.ceil(Number(count) * UNITS[unit as keyof typeof UNITS]);
  if (timeout > MAX_TIMEOUT) return request.signal;
  return AbortSignal.any([request.signal, AbortSignal.timeout(timeout)]);
}

/** The next message; rejects when the call is over, whatever the method does. */
async function nextOf(
  answers: AsyncIterator<Uint8Array>,
  signal: AbortSignal,
): Promise<IteratorResult<Uint8Array>> {
  let abort!: () => void;
  const over = new Promise<never>((_, reject) => {
    abort = () => {
      const isDeadline = (signal.reason as Error).name === "TimeoutError";
      reject(
        isDeadline
          ? new GrpcError(STATUS.deadlineExceeded, "the deadline is over")
          : new GrpcError(STATUS.cancelled, "the client has gone"),
      );
    };
  });
  if (signal.aborted) abort();
  else signal.addEventListener("abort", abort);
  try {
    return await Promise.race([answers.next(), over]);
  } catch (error) {
    leave(answers);
    throw error;
  } finally {
    signal.removeEventListener("abort", abort);
  }
}

/** Tells the method that nobody wants more; it may be waiting for something, so that this is not waited for. */
function leave(answers: AsyncIterator<Uint8Array>): void {
  answers.return?.().catch(() => {});
}

/** A response of the message `first` and those that follow, and the status behind them. */
function streamOf(
  first: IteratorResult<Uint8Array>,
  answers: AsyncIterator<Uint8Array>,
  signal: AbortSignal,
  info: FetchInfo,
): Response {
  let outcome: Record<string, string> = statusFields(null);
  let next: IteratorResult<Uint8Array> | null = first;
  info.sendTrailers(() => outcome);
  const body = new ReadableStream<Uint8Array<ArrayBuffer>>({
    async pull(controller) {
      try {
        const { done, value } = next ?? await nextOf(answers, signal);
        next = null;
        if (done) controller.close();
        else controller.enqueue(frameOf(value));
      } catch (error) {
        outcome = statusFields(error);
        controller.close();
      }
    },
    cancel: () => leave(answers),
  }, { highWaterMark: 0 });
  return new Response(body, { headers: { "content-type": "application/grpc+proto" } });
}

function trailersOnly(error: unknown): Response {
  return new Response(null, {
    headers: { "content-type": "application/grpc+proto", ...statusFields(error) },
  });
}

/** The fields that tell how a call has ended. */
function statusFields(error: unknown): Record<string, string> {
  if (error === null) return { "grpc-status": String(STATUS.ok) };
  const { status, message } = error instanceof GrpcError
    ? error
    : new GrpcError(STATUS.unknown, "the method failed");
  return { "grpc-status": String(status), "grpc-message": message.replace(NOT_PLAIN, encodeURIComponent) };
}

/** What is encoded in a status message: all but printable ASCII, and the percent sign itself. */
const NOT_PLAIN = /[^ -$&-~]+/g;

/** Octets before a message: whether it is compressed, and its length. */
const PREFIX = 5;
/** Longer messages are refused. In octets. */
const MAX_MESSAGE = 4 * 1024 * 1024;

function frameOf(message: Uint8Array): Uint8Array<ArrayBuffer> {
  const frame = new Uint8Array(PREFIX + message.length);
  new DataView(frame.buffer).setUint32(1, message.length);
  frame.set(message, PREFIX);
  return frame;
}

/** The messages of a request, however its octets come. */
async function* messagesOf(request: Request): AsyncGenerator<Uint8Array> {
  const reader = request.body?.getReader();
  /** What has come of the next message, and how much of it is needed to go on. */
  let parts: Uint8Array[] = [];
  let size = 0;
  let needed = PREFIX;
  try {
    for (let part = await reader?.read(); part?.value !== undefined; part = await reader?.read()) {
      parts.push(part.value);
      size += part.value.length;
      if (size < needed) continue;
      let bytes = joined(parts, size);
      for (needed = sizeOf(bytes); bytes.length >= needed; needed = sizeOf(bytes)) {
        yield bytes.subarray(PREFIX, needed);
        bytes = bytes.subarray(needed);
      }
      parts = [bytes];
      size = bytes.length;
    }
    if (size > 0) throw new GrpcError(STATUS.internal, "the request ends inside of a message");
  } finally {
    reader?.cancel().catch(() => {});
  }
}

/** The size of the message that `bytes` begin with, its prefix included; of the prefix alone where that is not complete. */
function sizeOf(bytes: Uint8Array): number {
  if (bytes.length < PREFIX) return PREFIX;
  if (bytes[0] !== 0) throw new GrpcError(STATUS.unimplemented, "compressed messages are not taken");
  const length = new DataView(bytes.buffer, bytes.byteOffset).getUint32(1);
  if (length > MAX_MESSAGE) {
    throw new GrpcError(STATUS.resourceExhausted, `a message has more than ${MAX_MESSAGE} octets`);
  }
  return PREFIX + length;
}

function joined(parts: readonly Uint8Array[], size: number): Uint8Array {
  const [first] = parts;
  if (first?.length === size) return first;
  const bytes = new Uint8Array(size);
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}

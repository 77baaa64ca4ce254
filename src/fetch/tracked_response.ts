/**
 * Tracks what a platform's `Response` is made of, so that it is sent from that. Afterwards its body could only be read as
 * a stream, which costs promises and microseconds; and Bun does not tell text from other bodies.
 */
import type { HttpExchange } from "../core/exchange.ts";
import { bytesIn } from "../wire/bytes.ts";
import { PooledBytes } from "../wire/pooled_bytes.ts";
import { isBodiless } from "../wire/status.ts";
import { jsonInit, jsonText } from "./json.ts";
import { ReturnOverride } from "./return_override.ts";
import { canHaveLateBodies, giveLateBody, installLateBodies } from "./late_body.ts";
import { type Content, type ContentSource, lazyBody } from "./lazy_body.ts";
import { makeNative } from "./make_native.ts";
import { respondWhole } from "./respond_whole.ts";
import {
  NativeResponse,
  noteSource,
  replaceResponse,
  setTextType,
  TEXT,
  TYPES_TEXT,
} from "./response_override.ts";
import { usedAlready } from "./send_response.ts";
import { isBun, isDeno } from "./user_agent.ts";

const TEXT_INIT: ResponseInit = { headers: { "content-type": TEXT } };

/** Node encodes a text as soon as a `Response` is made of it; Deno and Bun do when it is read. */
const LAZY_TEXT = !isDeno && !isBun;
/** From how many bytes on a lazy stream costs less than the platform's copy. */
const LAZY_BYTES = isDeno || isBun ? 16 * 1024 : 0;
/** Whether the body is made when the program looks at it. */
const LATE_BODIES = LAZY_TEXT && canHaveLateBodies();
/** Whether a Blob of a stream has the type of its response, as one of bytes has. */
const TYPES_STREAMED_BLOBS = !isBun;
/** Whether the getter of `body` can be replaced, so that we know who has it. */
const SEES_EXPOSURE =
  Object.getOwnPropertyDescriptor(NativeResponse.prototype, "body")?.configurable === true;
/** Whether our texts get their type from the platform. */
const GETS_TEXT_TYPE = TYPES_TEXT && !LAZY_TEXT;

/** It was sent. */
const SENT = Symbol("sent");
/** A read of its stream has taken it. */
const TAKEN = Symbol("taken");

/** What a response is made of, and what became of that. Responses that share a stream share this. */
class TrackedContent implements ContentSource {
  content: Content | typeof SENT | typeof TAKEN;
  /** Whether the stream is ours, and takes the content when it is read. */
  readonly isLazy: boolean;
  /** Whether the program has the stream, and may have locked it. */
  isExposed = false;

  constructor(content: Content, isLazy: boolean) {
    this.content = content;
    this.isLazy = isLazy;
  }

  takeContent(): Content {
    const { content } = this;
    if (typeof content === "symbol") throw usedAlready();
    this.content = TAKEN;
    return content;
  }
}

/** The tracked content, in a private field of the platform's response. */
class Tracked extends ReturnOverride {
  readonly #content: TrackedContent;

  constructor(response: Response, content: TrackedContent) {
    super(response);
    this.#content = content;
  }

  static of(response: object): TrackedContent | null {
    return #content in response ? response.#content : null;
  }
}

/** By the streams that the program has seen. */
const byStream = new WeakMap<ReadableStream, TrackedContent>();

function track(response: Response, tracked: TrackedContent): Response {
  new Tracked(response, tracked);
  return response;
}

function makeTracked(body?: BodyInit | null, init?: ResponseInit): Response {
  if (typeof body === "string") return makeText(body, init);
  const bytes = bytesIn(body);
  if (bytes !== null && bytes.length >= LAZY_BYTES) return makeLazy(PooledBytes.copyOf(bytes), init);
  const isStream = body instanceof ReadableStream;
  const isUntyped = body == null || bytes !== null || isStream;
  const response = isUntyped ? makeNative(body, init) : new NativeResponse(body, init);
  if (bytes !== null) return track(response, new TrackedContent(PooledBytes.copyOf(bytes), false));
  if (body instanceof URLSearchParams) return track(response, new TrackedContent(String(body), false));
  const source = isStream ? contentOf(body, init) : null;
  if (source === null) return noteSource(response, body);
  source.isExposed = true;
  return track(response, source);
}

function makeLazy(content: Content, init: ResponseInit | undefined): Response {
  const tracked = new TrackedContent(content, true);
  if (LATE_BODIES) {
    const response = makeNative(null, init);
    if (!isBodiless(response.status) && response.status !== 205) {
      giveLateBody(response, () => lazyBody(tracked));
      return track(response, tracked);
    } // else it throws
  }
  return track(makeNative(lazyBody(tracked), init), tracked);
}

function makeText(text: string, init: ResponseInit | undefined): Response {
  if (GETS_TEXT_TYPE) return makeTyped(text, init);
  if (init === undefined) return makeTyped(text, TEXT_INIT);
  const response = makeTyped(text, init);
  setTextType(response);
  return response;
}

/** Of a text, with the type that `init` says, or else the one that the platform gives it, if it does. */
function makeTyped(text: string, init: ResponseInit | undefined): Response {
  if (LAZY_TEXT) return makeLazy(text, init);
  const response = GETS_TEXT_TYPE ? new NativeResponse(text, init) : makeNative(text, init);
  return track(response, new TrackedContent(text, false));
}

/**
 * What `stream` is of, if that is known. Middleware changes the headers of a response by
 * `new Response(response.body, response)`; on Bun streams are known by that alone.
 */
function contentOf(stream: ReadableStream, init: unknown): TrackedContent | null {
  const tracked = byStream.get(stream);
  if (tracked !== undefined) return tracked;
  return init instanceof NativeResponse && init.body === stream ? Tracked.of(init) : null;
}

/** As `Response.json`, but tracked. */
function json(data: unknown, init?: ResponseInit): Response {
  return makeTyped(jsonText(data), jsonInit(init));
}

/** Tracks what `new Response`, `Response.json` and `clone` make, and who gets a `body`. */
export function trackResponses(): void {
  // Something else has replaced it, or its members for good.
  const { writable } = Object.getOwnPropertyDescriptor(NativeResponse.prototype, "clone") ?? {};
  if (globalThis.Response !== NativeResponse || writable !== true) return;
  if (LATE_BODIES) installLateBodies();
  const { prototype } = NativeResponse;
  const { clone } = prototype;
  prototype.clone = function (this: Response): Response {
    const tracked = Tracked.of(this);
    if (tracked?.content === SENT) throw usedAlready();
    const content = tracked === null ? null : unusedContent(this, tracked);
    if (content === null) return clone.call(this);
    const copy = typeof content === "string" ? content : content.clone();
    return tracked!.isLazy ? makeLazy(copy, this) : track(clone.call(this), new TrackedContent(copy, false));
  };
  if (!TYPES_STREAMED_BLOBS) prototype.blob = typedBlob(prototype.blob);
  const body = Object.getOwnPropertyDescriptor(prototype, "body");
  if (SEES_EXPOSURE) Object.defineProperty(prototype, "body", { ...body, get: exposing(body!.get!) });
  replaceResponse(makeTracked, Object.setPrototypeOf({ json }, NativeResponse));
}

/** `blob`, whose results have the type of their response also where that has a lazy stream. */
function typedBlob(blob: (this: Response) => Promise<Blob>): (this: Response) => Promise<Blob> {
  return function (this: Response): Promise<Blob> {
    if (Tracked.of(this)?.isLazy !== true) return blob.call(this);
    const { headers } = this;
    return this.arrayBuffer().then((bytes) => blob.call(new NativeResponse(bytes, { headers })));
  };
}

/** The getter of `body`, by which the program gets the stream. */
function exposing(get: (this: Response) => ReadableStream | null): (this: Response) => unknown {
  return function () {
    const stream = get.call(this);
    const tracked = Tracked.of(this);
    if (tracked !== null && stream !== null) {
      tracked.isExposed = true;
      byStream.set(stream, tracked);
    }
    return stream;
  };
}

/** The content of `response`, if nothing has used it, and nothing is about to. */
function unusedContent(response: Response, tracked: TrackedContent): Content | null {
  const { content, isLazy, isExposed } = tracked;
  if (typeof content === "symbol" || response.bodyUsed) return null;
  // Where that is not seen, a look at the body makes a stream of what is not lazy: that is sent although it is locked.
  const mayBeLocked = SEES_EXPOSURE ? isExposed : isLazy;
  return mayBeLocked && response.body!.locked ? null : content;
}

/** Whether `response` was sent by its content. */
export function wasSent(response: Response): boolean {
  return Tracked.of(response)?.content === SENT;
}

/** Sends a response by its content; answers whether that is known. */
export function sendTracked(x: HttpExchange, response: Response): boolean {
  const tracked = response instanceof NativeResponse ? Tracked.of(response) : null;
  const content = tracked === null ? null : unusedContent(response, tracked);
  if (content === null) return false;
  // First: the next request may be answered from inside of this call.
  tracked!.content = SENT;
  try {
    respondWhole(x, response.status, response.headers, content);
  } catch (error) {
    if (x.response.phase === "unanswered") tracked!.content = content; // nothing has gone out
    throw error;
  }
  return true;
}

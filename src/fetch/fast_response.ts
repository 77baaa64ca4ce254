/**
 * A `Response` that costs what its fields cost to store. Everything beyond status, headers and a body of
 * text or bytes is left to a native `Response`, made when it is asked for.
 */
import type { Fields } from "../api/exchange.ts";
import type { HttpExchange } from "../core/exchange.ts";
import { bytesIn } from "../wire/bytes.ts";
import { PooledBytes } from "../wire/pooled_bytes.ts";
import { isChunkIterable, streamOf } from "./chunk_stream.ts";
import { delegateToNative } from "./delegate_to_native.ts";
import { checkInit, jsonInit, jsonText } from "./json.ts";
import { respondWhole } from "./respond_whole.ts";
import { readFields } from "./response_fields.ts";
import { NativeHeaders, NativeResponse, noteSource, noteSourceOf, TEXT } from "./response_override.ts";
import { usedAlready } from "./send_response.ts";

/** The type of a form without files, as in the Fetch standard. */
const FORM_TYPE = "application/x-www-form-urlencoded;charset=UTF-8";

const TEXT_FIELDS: Fields = { "content-type": TEXT };
const FORM_FIELDS: Fields = { "content-type": FORM_TYPE };

/** A body: what `Response` takes, or chunks that come one after another. */
export type FastBody =
  | NonNullable<ConstructorParameters<typeof Response>[0]>
  | AsyncIterable<string | Uint8Array>;

/** `Response` as a class, whose instances are cheap. */
export interface FastResponseClass {
  /**
   * Takes what `new Response` takes, and on every platform chunks of text or bytes that come one after
   * another, such as a generator.
   *
   * @throws {RangeError} on a status outside 200 to 599
   * @throws {TypeError} on a body with a status that has none (204, 205, 304)
   */
  new (body?: FastBody | null, init?: ResponseInit): Response;
  /** As `Response.json`. */
  json(data: unknown, init?: ResponseInit): Response;
  /** As `Response.redirect`. */
  redirect(url: string | URL, status?: number): Response;
  /** As `Response.error`. */
  error(): Response;
}

/** What a status text may hold (RFC 9112 §4). */
const STATUS_TEXT = /^[\t -~\x80-\xff]*$/;

/** A response that keeps its parts, and makes a native one of them only for what needs that. */
class Fast {
  readonly #status: number;
  readonly #statusText: string;
  /** The body where it is text or bytes; any other is in the native `Response`. */
  readonly #content: string | PooledBytes | null = null;
  readonly #fields: Fields | undefined;
  #headers: Headers | null = null;
  #native: Response | null = null;
  #isSent = false;

  constructor(body?: FastBody | null, init?: ResponseInit) {
    checkInit(init);
    const headers = init?.headers;
    const status = init?.status === undefined ? 200 : Math.trunc(Number(init.status));
    const statusText = init?.statusText;
    if (!(status >= 200 && status <= 599)) {
      throw new RangeError(`the status must be from 200 to 599, not ${init?.status}`);
    }
    if (body != null && (status === 204 || status === 205 || status === 304)) {
      throw new TypeError(`a response with status ${status} has no body`);
    }
    if (statusText !== undefined && !STATUS_TEXT.test(statusText)) {
      throw new TypeError("the status text holds a character that cannot travel");
    }
    this.#status = status;
    this.#statusText = statusText === undefined ? "" : String(statusText);
    const fields = headers === undefined ? null : readFields(headers);
    if (typeof body === "string") {
      this.#content = body;
      this.#fields = fields === null ? TEXT_FIELDS : fields.withType(TEXT);
    } else if (body instanceof URLSearchParams) {
      this.#content = String(body);
      this.#fields = fields === null ? FORM_FIELDS : fields.withType(FORM_TYPE);
    } else {
      this.#fields = fields?.lines;
      if (body == null) return;
      const bytes = bytesIn(body);
      // Other bodies are for the platform to convert, or to refuse.
      if (bytes !== null) this.#content = PooledBytes.copyOf(bytes); // the caller may use their memory again
      else this.#native = this.#make(isChunkIterable(body) ? streamOf(body) : body as BodyInit, body);
    }
  }

  static json(data: unknown, init?: ResponseInit): Fast {
    return new Fast(jsonText(data), jsonInit(init));
  }

  /** As `Response.status`. */
  get status(): number {
    return this.#status;
  }

  /** As `Response.statusText`. HTTP/1.1 need not send it, and Mooring sends the registered phrase. */
  get statusText(): string {
    return this.#statusText;
  }

  /** As `Response.headers`. Who has them may change them: once they are made, they hold. */
  get headers(): Headers {
    if (this.#headers !== null) return this.#headers;
    if (this.#native !== null) return this.#native.headers;
    return this.#headers = new NativeHeaders(this.#fields as HeadersInit);
  }

  /** The native `Response`, made now. */
  get native(): Response {
    return this.#native ??= this.#isSent ? this.#makeUsed() : this.#makeOfContent();
  }

  #makeOfContent(): Response {
    const content = this.#content instanceof PooledBytes ? this.#content.slice() : this.#content;
    return this.#make(content, content);
  }

  /** A native one whose body was used. */
  #makeUsed(): Response {
    const used = this.#make("", "");
    void used.text();
    return used;
  }

  #make(body: BodyInit | null, source: unknown): Response {
    const { status, statusText } = this;
    const headers = this.#headers ?? this.#fields as HeadersInit | undefined;
    const native = new NativeResponse(body, { status, statusText, ...headers !== undefined && { headers } });
    noteSource(this as unknown as Response, source);
    // The platform types a text again whose type was deleted. And a clone on Deno loses a type that was not read.
    const { headers: made } = native;
    if (this.#headers !== null && !this.#headers.has("content-type")) made.delete("content-type");
    return native;
  }

  /** As `Response.clone`. */
  clone(): Response {
    let copy = this.native.clone();
    if (this.#headers !== null) {
      const { status, statusText } = this;
      copy = new NativeResponse(copy.body, { status, statusText, headers: this.#headers });
    }
    noteSourceOf(this as unknown as Response, copy);
    return copy;
  }

  /** Sends it; answers whether that was possible without a native one. */
  send(x: HttpExchange): boolean {
    // A native `Response` may have been read or changed.
    if (this.#native !== null) return false;
    if (this.#isSent) throw usedAlready();
    // First: the next request may be answered from inside of this call.
    this.#isSent = this.#content !== null;
    try {
      respondWhole(x, this.#status, this.#headers ?? this.#fields, this.#content);
    } catch (error) {
      if (x.response.phase === "unanswered") this.#isSent = false; // nothing has gone out
      throw error;
    }
    return true;
  }
}

/** Whether a body is one that `FastResponse` keeps itself, without a native `Response`. */
export function isBufferedBody(body: unknown): boolean {
  return body == null || typeof body === "string" || body instanceof URLSearchParams ||
    body instanceof ArrayBuffer || ArrayBuffer.isView(body);
}

delegateToNative(Fast, NativeResponse, (self) => self.native);
Object.setPrototypeOf(Fast, NativeResponse);
Object.defineProperty(Fast, "name", { value: "FastResponse", configurable: true });

/** Sends a fast response; answers whether `response` was one, and could be sent without a native `Response`. */
export function sendFast(x: HttpExchange, response: Response): boolean {
  // A class that extends it may have other members.
  return response instanceof Fast && Object.getPrototypeOf(response) === Fast.prototype && response.send(x);
}

/**
 * Like `Response`, and `instanceof Response`, but made and sent in a fraction of the time. Use it where you
 * make responses of text or bytes; it takes every other body too.
 *
 * @example
 * ```ts
 * import { FastResponse, serve } from "@mooring/http";
 *
 * const server = await serve({
 *   port: 0,
 *   fetch: () => new FastResponse("hello", { headers: { "cache-control": "no-store" } }),
 * });
 * await server.close();
 * ```
 */
export const FastResponse: FastResponseClass = Fast as unknown as FastResponseClass;

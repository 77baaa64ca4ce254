/**
 * The `Request` that fetch handlers get: each property is made when it is looked at, and a native
 * `Request` only where nothing else will do (`clone`, or being passed on to `fetch`); both have one set of
 * headers. It stays readable after the response, body aside.
 */
import type { Bytes } from "../api/bytes.ts";
import type { HttpVersion } from "../api/exchange.ts";
import { abortError } from "../core/abort_error.ts";
import { collectBytes, collectText } from "../core/body_readers.ts";
import { handled } from "../core/deferred.ts";
import type { HttpExchange } from "../core/exchange.ts";
import type { ExchangeConnection, RequestFields, RequestView } from "../core/protocol.ts";
import { originOf, type RequestOrigin } from "../core/request_origin.ts";
import { ConnectionError, ExchangeError } from "../api/errors.ts";
import { utf8 } from "../wire/bytes.ts";
import { LazyHeaders } from "./lazy_headers.ts";
import { delegateToNative } from "./delegate_to_native.ts";
import { NativeResponse } from "./response_override.ts";
import { urlOf } from "./url.ts";

/** An incoming request, as `Request` describes it. */
export class LazyRequest {
  readonly #method: string;
  /** `null` once the exchange is over. */
  #exchange: HttpExchange | null;
  /** The exchange's head, and then a snapshot of it. */
  #head: RequestView;
  #url: string | null = null;
  #headers: LazyHeaders | null = null;
  #native: Request | null = null;
  #signal: AbortSignal | null = null;
  #body: ReadableStream<Bytes> | null = null;
  readonly #hasBody: boolean;
  /** What it was sent to; `null` while that was not looked at. */
  #origin: RequestOrigin | null = null;
  #bodyUsed = false;
  /** The native `Request` has the body. */
  #bodyMoved = false;

  /** A view of `exchange`, which is under way. */
  constructor(exchange: HttpExchange) {
    this.#exchange = exchange;
    this.#head = exchange.head;
    this.#method = exchange.head.method;
    this.#hasBody = exchange.head.hasBody;
  }

  /** The exchange that `value` is a request of, while that is under way. */
  static exchangeOf(value: object): HttpExchange | null {
    return #exchange in value ? value.#exchange : null;
  }

  /** The exchange, of `connection`, is about to be over, or to be reused: keeps a snapshot of its head. */
  detach(connection: ExchangeConnection): void {
    if (this.#exchange === null) return;
    this.#origin ??= originOf(connection, this.#head);
    this.#exchange = null;
    this.#head = this.#head.snapshot();
  }

  /**
   * The native `Request`, made now. The body moves there.
   *
   * @throws {TypeError} where the body was read already, or is being read
   */
  get native(): Request {
    this.assertBodyUsable();
    // The platform has no GET with a body.
    const body = this.#bodyMoved || this.method === "GET" || this.method === "HEAD" ? null : this.body;
    if (body === null) return this.bodiless;
    this.#bodyMoved = true;
    if (this.#exchange !== null) this.#exchange.body.outlivesResponse = true;
    return this.#native = this.#makeNative(body);
  }

  /** A native `Request` for what has nothing to do with the body, which stays where it is. */
  get bodiless(): Request {
    return this.#native ??= this.#makeNative(null);
  }

  #makeNative(body: ReadableStream<Bytes> | null): Request {
    const { method, headers, signal } = this;
    const init: RequestInit & { duplex: "half" } = { method, headers, signal, duplex: "half" };
    if (body !== null) init.body = body;
    const native = new NativeRequest(this.url, init);
    this.#headers!.joinTo(native);
    return native;
  }

  /** Throws the `TypeError` of a body that was read already, or is being read: it cannot be had again. */
  assertBodyUsable(): void {
    if (this.bodyUsed) throw new TypeError("the request body was read already");
    const stream = this.#bodyMoved ? this.#native!.body : this.#body;
    if (stream?.locked) throw new TypeError("the request body is being read as a stream");
  }

  /** The HTTP version that its client speaks. */
  get httpVersion(): HttpVersion {
    return this.#head.httpVersion;
  }

  /** The fields as they came. */
  get fields(): RequestFields {
    return this.#head.fields;
  }

  /** As `Request.method`. */
  get method(): string {
    return this.#method;
  }

  /** As `Request.url`. */
  get url(): string {
    if (this.#url === null) {
      const { fields, target } = this.#head;
      const { scheme, authority } = this.#origin ??= originOf(this.#exchange!.port, this.#head);
      this.#url = urlOf(scheme, authority, fields, target);
    }
    return this.#url;
  }

  /** As `Request.headers`. */
  get headers(): Headers {
    this.#headers ??= new LazyHeaders(() => this.#head.fields);
    return this.#headers as unknown as Headers;
  }

  /** As `Request.signal`. */
  get signal(): AbortSignal {
    // After the response nothing can abort it any more.
    return this.#signal ??= this.#exchange?.signal ?? new AbortController().signal;
  }

  // The body.

  /** As `Request.body`. */
  get body(): ReadableStream<Bytes> | null {
    if (!this.#hasBody) return null;
    if (this.#bodyMoved) return this.#native!.body as ReadableStream<Bytes>;
    if (this.#body !== null) return this.#body;
    if (this.#bodyUsed) this.#body = lockedStream();
    else if (this.#exchange === null) this.#body = goneStream();
    else this.#body = this.#exchange.stream(() => this.#bodyUsed = true, readFailure);
    return this.#body;
  }

  /** As `Request.bodyUsed`. */
  get bodyUsed(): boolean {
    return this.#bodyMoved ? this.#native!.bodyUsed : this.#bodyUsed;
  }

  /** All of the body, once. */
  bytes(): Promise<Bytes> {
    return this.#readAs((bytes) => bytes);
  }

  async #read(): Promise<Bytes> {
    if (!this.#hasBody) return new Uint8Array(0);
    this.assertBodyUsable();
    if (this.#bodyMoved) return new Uint8Array(await this.#native!.arrayBuffer());
    this.#bodyUsed = true;
    if (this.#body === null) throw bodyGone();
    return new Uint8Array(await new NativeResponse(this.#body).arrayBuffer());
  }

  /** As `Request.arrayBuffer`. */
  arrayBuffer(): Promise<ArrayBuffer> {
    return this.#readAs(({ buffer }) => buffer);
  }

  /** As `Request.text`. */
  text(): Promise<string> {
    return this.#readText((text) => text);
  }

  /** As `Request.json`. */
  json(): Promise<unknown> {
    return this.#readText(JSON.parse);
  }

  /** As `Request.blob`. */
  blob(): Promise<Blob> {
    return this.#readAs((bytes) => this.#asResponse(bytes).blob());
  }

  /** As `Request.formData`. */
  formData(): Promise<FormData> {
    return this.#readAs((bytes) => this.#asResponse(bytes).formData());
  }

  /** A native response of `bytes` that reads them by the type of the request. */
  #asResponse(bytes: Bytes): Response {
    const type = this.headers.get("content-type");
    return new NativeResponse(bytes, type === null ? {} : { headers: { "content-type": type } });
  }

  /** As `Request.clone`. */
  clone(): Request {
    return withHandledReads(this.native.clone());
  }

  #readAs<T>(convert: (bytes: Bytes) => T | Promise<T>): Promise<T> {
    const exchange = this.#exchangeToRead();
    return exchange?.read((body, want) => collectBytes(body, want, convert, readFailure)) ??
      handled(this.#read().then(convert));
  }

  #readText<T>(convert: (text: string) => T): Promise<T> {
    const exchange = this.#exchangeToRead();
    return exchange?.read((body, want) => collectText(body, want, convert, readFailure)) ??
      handled(this.#read().then((bytes) => convert(utf8(bytes))));
  }

  /** The exchange, where the body is still there, and is read now; otherwise `null`. */
  #exchangeToRead(): HttpExchange | null {
    if (!this.#hasBody || this.#bodyUsed || this.#bodyMoved || !this.#reclaimBody()) return null;
    if (this.#exchange !== null) this.#bodyUsed = true;
    return this.#exchange;
  }

  /**
   * Whether the body can be read directly. A stream of it that was only looked at, as by what asks whether there is a body,
   * is cut off from it, and locked for good.
   */
  #reclaimBody(): boolean {
    if (this.#body === null) return true;
    if (this.#body.locked || !this.#exchange?.body.detach()) return false;
    this.#body.getReader();
    return true;
  }
}

const READS = ["arrayBuffer", "blob", "bytes", "formData", "json", "text"] as const;

/** `copy`, of a request of ours, whose body reads need not be awaited either when the client leaves. */
export function withHandledReads(copy: Request): Request {
  for (const name of READS) {
    const value = (): Promise<unknown> =>
      handled(Reflect.apply(Reflect.get(NativeRequest.prototype, name), copy, []));
    if (name in copy) Object.defineProperty(copy, name, { value, configurable: true, writable: true });
  }
  return copy;
}

/** The platform's class, before it is replaced. */
const NativeRequest = Request;

// The one way to read a body that not every platform has.
if ("textStream" in NativeRequest.prototype) {
  const textStream = function (this: LazyRequest): unknown {
    const { native } = this;
    return Reflect.apply(Reflect.get(native, "textStream"), native, []);
  };
  Object.defineProperty(LazyRequest.prototype, "textStream", { value: textStream, configurable: true });
}

delegateToNative(LazyRequest, NativeRequest, (self) => self.bodiless);

/** What a read rejects with: an `AbortError` where the connection has ended, as where a `fetch` is aborted. */
function readFailure(error: unknown): unknown {
  return error instanceof ConnectionError ? abortError(error) : error;
}

function bodyGone(): ExchangeError {
  return new ExchangeError("body_dropped", "the response is complete, and the request body was dropped");
}

/** A body that was dropped unread. */
function goneStream(): ReadableStream<Bytes> {
  return new ReadableStream({ start: (controller) => controller.error(bodyGone()) });
}

/** A body that was read otherwise: there is a stream, and it is taken. */
function lockedStream(): ReadableStream<Bytes> {
  const stream = new ReadableStream<Bytes>();
  stream.getReader();
  return stream;
}

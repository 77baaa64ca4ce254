/**
 * The `Request` that fetch handlers get: each property is made when it is looked at, and a native
 * `Request` only where nothing else will do (`clone`, or being passed on to `fetch`). It stays readable
 * after the response, body aside.
 */
import { handled } from "../connection/deferred.ts";
import type { HttpExchange } from "../connection/exchange.ts";
import { ExchangeError } from "../errors.ts";
import { type HeadCopy, RequestHead } from "../protocol/request_head.ts";
import { archive } from "./head_archive.ts";
import { LazyHeaders } from "./lazy_headers.ts";
import { completeWith } from "./twin.ts";
import { requestUrl } from "./url.ts";

/** A head that was accepted once is read again without limits. */
const NO_LIMITS = { maxHeaderBytes: 0, maxHeaders: 0, maxTargetBytes: 0 };

/** An incoming request, as `Request` describes it. */
export class LazyRequest {
  /** As `Request.method`. */
  readonly method: string;
  #exchange: HttpExchange | null;
  #head: RequestHead | null;
  #url: string | null = null;
  #headers: LazyHeaders | null = null;
  #native: Request | null = null;
  #signal: AbortSignal | null = null;
  #body: ReadableStream<Uint8Array<ArrayBuffer>> | null = null;
  readonly #hasBody: boolean;
  readonly #scheme: "http" | "https";
  #bodyUsed = false;
  /** The native twin has the body. */
  #bodyMoved = false;
  /** The copy of the head, after `detach`. */
  #copy: HeadCopy | null = null;

  /** A view of `exchange`, which is under way. */
  constructor(exchange: HttpExchange) {
    this.#exchange = exchange;
    this.#head = exchange.head;
    this.method = exchange.head.method;
    this.#hasBody = exchange.head.framing !== 0;
    this.#scheme = exchange.connection.isSecure ? "https" : "http";
  }

  /** Takes along what was not looked at yet: the exchange is about to be over, or to be used again. */
  detach(): void {
    const head = this.#head;
    if (head === null || this.#exchange === null) return;
    this.#exchange = null;
    this.#head = null;
    this.#copy = archive(head);
  }

  /** The head: the exchange's, or read again from the copy. */
  get #requestHead(): RequestHead {
    if (this.#head === null) {
      this.#head = new RequestHead();
      const { bytes, start, length } = this.#copy!;
      this.#head.parse(bytes, start, start + length, NO_LIMITS);
    }
    return this.#head;
  }

  /** The native `Request`, made now. The body moves there, unless it was used here. */
  get native(): Request {
    if (this.#native === null) {
      const body = this.#bodyUsed || this.method === "GET" || this.method === "HEAD" ? null : this.body;
      const init: RequestInit & { duplex: "half" } = {
        method: this.method,
        headers: this.headers,
        signal: this.signal,
        duplex: "half",
      };
      if (body !== null) init.body = body;
      this.#native = new NativeRequest(this.url, init);
      this.#bodyMoved = body !== null;
    }
    return this.#native;
  }

  /** As `Request.url`. */
  get url(): string {
    if (this.#url === null) {
      const head = this.#requestHead;
      this.#url = requestUrl(this.#scheme, head.fields.get("host") ?? "", head.target);
    }
    return this.#url;
  }

  /** As `Request.headers`. */
  get headers(): Headers {
    this.#headers ??= new LazyHeaders(() => this.#requestHead.fields);
    return this.#headers as unknown as Headers;
  }

  /** As `Request.signal`. */
  get signal(): AbortSignal {
    // After the response nothing can abort it any more.
    return this.#signal ??= this.#exchange?.signal ?? new AbortController().signal;
  }

  // The body.

  /** As `Request.body`. */
  get body(): ReadableStream<Uint8Array<ArrayBuffer>> | null {
    if (!this.#hasBody) return null;
    if (this.#bodyMoved) return this.#native!.body as ReadableStream<Uint8Array<ArrayBuffer>>;
    if (this.#body !== null) return this.#body;
    if (this.#bodyUsed) this.#body = lockedStream();
    else if (this.#exchange === null) this.#body = goneStream();
    else this.#body = this.#exchange.stream(() => this.#bodyUsed = true);
    return this.#body;
  }

  /** As `Request.bodyUsed`. */
  get bodyUsed(): boolean {
    return this.#bodyMoved ? this.#native!.bodyUsed : this.#bodyUsed;
  }

  /** All of the body, once. */
  bytes(): Promise<Uint8Array<ArrayBuffer>> {
    return handled(this.#read());
  }

  async #read(): Promise<Uint8Array<ArrayBuffer>> {
    if (!this.#hasBody) return new Uint8Array(0);
    if (this.bodyUsed) throw new TypeError("the request body was read already");
    if (this.#bodyMoved) return new Uint8Array(await this.#native!.arrayBuffer());
    if (this.#body?.locked) throw new TypeError("the request body is being read as a stream");
    this.#bodyUsed = true;
    if (this.#body !== null) return new Uint8Array(await new Response(this.#body).arrayBuffer());
    if (this.#exchange === null) throw bodyGone();
    return await this.#exchange.bytes();
  }

  /** As `Request.arrayBuffer`. */
  arrayBuffer(): Promise<ArrayBuffer> {
    return this.#readAs(({ buffer }) => buffer);
  }

  /** As `Request.text`. */
  text(): Promise<string> {
    return this.#readAs((bytes) => decoder.decode(bytes));
  }

  /** As `Request.json`. */
  json(): Promise<unknown> {
    return this.#readAs((bytes) => JSON.parse(decoder.decode(bytes)));
  }

  /** As `Request.blob`. */
  blob(): Promise<Blob> {
    return this.#readAs((bytes) => new Blob([bytes], { type: this.headers.get("content-type") ?? "" }));
  }

  /** As `Request.formData`. */
  formData(): Promise<FormData> {
    return this.#readAs((bytes) => {
      const type = this.headers.get("content-type") ?? "";
      return new Response(bytes, { headers: { "content-type": type } }).formData();
    });
  }

  /** As `Request.clone`. */
  clone(): Request {
    return withHandledReads(this.native.clone());
  }

  #readAs<T>(convert: (bytes: Uint8Array<ArrayBuffer>) => T | Promise<T>): Promise<T> {
    return handled(this.#read().then(convert));
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

/** The platform's class, before anybody wraps it. */
const NativeRequest = Request;

completeWith(LazyRequest, NativeRequest, (self) => self.native);

const decoder = new TextDecoder();

function bodyGone(): ExchangeError {
  return new ExchangeError("the response is complete, and the request body was dropped");
}

/** A body that was dropped unread. */
function goneStream(): ReadableStream<Uint8Array<ArrayBuffer>> {
  return new ReadableStream({ start: (controller) => controller.error(bodyGone()) });
}

/** A body that was read otherwise: there is a stream, and it is taken. */
function lockedStream(): ReadableStream<Uint8Array<ArrayBuffer>> {
  const stream = new ReadableStream<Uint8Array<ArrayBuffer>>();
  stream.getReader();
  return stream;
}

/**
 * A `Response` that costs what its fields cost to store. Everything beyond status, headers and a body of
 * text or bytes is left to a native `Response`, made when it is asked for.
 */
import type { Exchange, Fields } from "../exchange.ts";
import { jsonInit, jsonText } from "./json.ts";
import { NativeResponse, noteForm, noteFormOf, TEXT } from "./stand_in.ts";
import { isPieces, streamOf } from "./text_stream.ts";
import { completeWith } from "./twin.ts";

const TEXT_FIELDS: Fields = { "content-type": TEXT };

/** A body: what `Response` takes, or pieces that come one after another. */
export type FastBody = BodyInit | AsyncIterable<string | Uint8Array>;

/** `Response` as a class, whose instances are cheap. */
export interface FastResponseClass {
  /**
   * Takes what `new Response` takes, and on every platform pieces of text or bytes that come one after
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

/** A response whose parts are kept as they were given. */
class Fast {
  /** As `Response.status`. */
  readonly status: number;
  /** As `Response.statusText`. HTTP/1.1 need not send it, and Mooring sends the registered phrase. */
  readonly statusText: string;
  readonly #content: FastBody | null;
  readonly #init: ResponseInit | undefined;
  #headers: Headers | null = null;
  #native: Response | null = null;

  constructor(body?: FastBody | null, init?: ResponseInit) {
    const status = Math.trunc(Number(init?.status ?? 200));
    if (!(status >= 200 && status <= 599)) {
      throw new RangeError(`the status must be from 200 to 599, not ${init?.status}`);
    }
    if (body != null && (status === 204 || status === 205 || status === 304)) {
      throw new TypeError(`a response with status ${status} has no body`);
    }
    this.status = status;
    this.statusText = init?.statusText ?? "";
    this.#content = body ?? null;
    this.#init = init;
  }

  static json(data: unknown, init?: ResponseInit): Fast {
    return new Fast(jsonText(data), jsonInit(init));
  }

  /** As `Response.headers`. Who has them may change them: once they are made, they hold. */
  get headers(): Headers {
    if (this.#headers === null && (this.#native !== null || !isAtHand(this.#content))) {
      return this.native.headers;
    }
    return this.#own();
  }

  /** Its headers as ours, made of what was given. */
  #own(): Headers {
    if (this.#headers === null) {
      this.#headers = new Headers(this.#init?.headers);
      if (typeof this.#content === "string" && !this.#headers.has("content-type")) {
        this.#headers.set("content-type", TEXT);
      }
    }
    return this.#headers;
  }

  /** The native `Response`, made now. */
  get native(): Response {
    if (this.#native === null) {
      const content = this.#content;
      const body = isPieces(content) ? streamOf(content) : content as BodyInit;
      const { status, statusText } = this;
      // Ours where the platform may leave out the type of a text.
      const headers = typeof content === "string" ? this.#own() : this.#headers ?? this.#init?.headers;
      noteForm(this as unknown as Response, content);
      this.#native = new NativeResponse(body, {
        status,
        statusText,
        ...headers !== undefined && { headers },
      });
      void this.#native.headers; // a clone on Deno forgets the type of a text that nobody has looked at
    }
    return this.#native;
  }

  /** As `Response.clone`. */
  clone(): Response {
    let copy = this.native.clone();
    if (this.#headers !== null) {
      const { status, statusText } = this;
      copy = new NativeResponse(copy.body, { status, statusText, headers: this.#headers });
    }
    noteFormOf(this as unknown as Response, copy);
    return copy;
  }

  /** Sends it; answers whether that was possible without a native one. */
  send(x: Exchange): boolean {
    const content = this.#content;
    // A native twin may have been read or changed.
    if (this.#native !== null) return false;
    if (content === null) x.respond(this.status, this.#fields(false), null);
    else if (typeof content === "string") x.respond(this.status, this.#fields(true), content);
    else if (content instanceof Uint8Array) x.respond(this.status, this.#fields(false), content);
    else if (content instanceof ArrayBuffer) {
      x.respond(this.status, this.#fields(false), new Uint8Array(content));
    } else return false;
    return true;
  }

  /** The fields to send with a body that is at hand, with the type of a string where none is given. */
  #fields(isText: boolean): Fields | undefined {
    const given = this.#init?.headers;
    if (this.#headers !== null) return this.#headers;
    if (given === undefined) return isText ? TEXT_FIELDS : undefined;
    if (given instanceof Headers) return isText && !given.has("content-type") ? this.#own() : given;
    if (Object.getPrototypeOf(given) !== Object.prototype || Symbol.iterator in given) return this.#own();
    let typed = !isText;
    for (const name in given) {
      const value = given[name];
      if (!isPlain(value)) return this.#own();
      typed ||= name.length === 12 && name.toLowerCase() === "content-type";
    }
    return typed ? given : { ...given, "content-type": TEXT };
  }
}

/** Whether a body is sent as it is; of others the platform knows the type and the bytes. */
export function isAtHand(content: unknown): content is string | Uint8Array | ArrayBuffer | null {
  return content === null || typeof content === "string" || content instanceof Uint8Array ||
    content instanceof ArrayBuffer;
}

/** Whether `Headers` would take a value as it is: a string without white space around it. */
function isPlain(value: unknown): boolean {
  if (typeof value !== "string") return false;
  return value === "" || (value.charCodeAt(0) > SPACE && value.charCodeAt(value.length - 1) > SPACE);
}

/** White space and control bytes come before all that is neither. */
const SPACE = 0x20;

completeWith(Fast, NativeResponse, (self) => self.native);
Object.setPrototypeOf(Fast, NativeResponse);

/** Sends a fast response; answers whether `response` was one, and could be sent without a native twin. */
export function sendFast(x: Exchange, response: Response): boolean {
  return response instanceof Fast && response.send(x);
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

/**
 * Notes what a platform's `Response` is made of when it is made. Afterwards its body can only be read as a
 * stream, which costs promises and microseconds; and Bun does not tell text from other bodies.
 */
import type { Exchange } from "../api/exchange.ts";
import { copyOf } from "../wire/bytes.ts";
import { jsonInit, jsonText } from "./json.ts";
import { respondWhole } from "./respond_whole.ts";
import { NativeResponse, noteSource, replaceResponse, TEXT, typed, TYPES_TEXT } from "./response_override.ts";

const TEXT_INIT: ResponseInit = { headers: { "content-type": TEXT } };

/** Bytes up to here are copied when they are noted, as the platform does; more are worth a stream. */
const LARGEST_NOTED = 16 * 1024;

type Content = string | Uint8Array;

/** It was sent, of which the platform's response does not know. */
const SENT = Symbol("sent");
/** Somebody has its stream, and may read it, or lock it. */
const TOUCHED = Symbol("touched");

/** Gives back the object that it gets, for a class that extends it to put a private field on. */
const Given = function (object: object): object {
  return object;
} as unknown as new (object: object) => object;

/** What a response is made of, or what became of that, in a private field of it. */
class Tracked extends Given {
  #content: Content | typeof SENT | typeof TOUCHED;

  constructor(response: Response, content: Content) {
    super(response);
    this.#content = content;
  }

  static of(response: object): Content | typeof SENT | typeof TOUCHED | undefined {
    return #content in response ? response.#content : undefined;
  }

  static set(response: object, content: Content | typeof SENT): void {
    (response as Tracked).#content = content;
  }

  static touch(response: object): void {
    if (#content in response && response.#content !== SENT) response.#content = TOUCHED;
  }
}

/** What `response` is known to be made of, if it can still be sent by that. */
function contentOf(response: Response): Content | undefined {
  const content = Tracked.of(response);
  return typeof content === "symbol" ? undefined : content;
}

function makeTracked(body?: BodyInit | null, init?: ResponseInit): Response {
  if (typeof body === "string") return makeText(body, init);
  const response = new NativeResponse(body, init);
  if (body instanceof URLSearchParams) new Tracked(response, String(body));
  else if (body instanceof Uint8Array && body.length <= LARGEST_NOTED) {
    new Tracked(response, copyOf(body, 0, body.length));
  } else noteSource(response, body);
  return response;
}

function makeText(body: string, init: ResponseInit | undefined): Response {
  // Set at once where nothing else is: a header costs more afterwards.
  const response = TYPES_TEXT || init !== undefined
    ? typed(new NativeResponse(body, init), body)
    : new NativeResponse(body, TEXT_INIT);
  new Tracked(response, body);
  return response;
}

/** As `Response.json`, but noted. */
function json(data: unknown, init?: ResponseInit): Response {
  return makeText(jsonText(data), jsonInit(init));
}

/** Tracks what `new Response`, `Response.json` and `clone` make, and reads of `body`. */
export function trackResponses(): void {
  if (globalThis.Response !== NativeResponse) return; // something else has replaced it
  const { prototype } = NativeResponse;
  const { clone } = prototype;
  prototype.clone = function (this: Response): Response {
    const response = clone.call(this);
    const content = contentOf(this);
    if (content !== undefined) new Tracked(response, content);
    return response;
  };
  const body = Object.getOwnPropertyDescriptor(prototype, "body");
  // Bun's cannot be replaced: there a body that is locked, but was not read, is sent all the same.
  if (body?.configurable) Object.defineProperty(prototype, "body", { ...body, get: touching(body.get!) });
  replaceResponse(makeTracked, Object.setPrototypeOf({ json }, NativeResponse));
}

/** The getter of `body`, by which the stream gets known. */
function touching(get: (this: Response) => unknown): (this: Response) => unknown {
  return function () {
    const stream = get.call(this);
    Tracked.touch(this);
    return stream;
  };
}

/** Whether `response` was sent by what is noted of it. */
export function wasSent(response: Response): boolean {
  return Tracked.of(response) === SENT;
}

/** Sends a response of which is known what it is made of; answers whether it was one. */
export function sendTracked(x: Exchange, response: Response): boolean {
  const content = response instanceof NativeResponse ? contentOf(response) : undefined;
  if (content === undefined || response.bodyUsed) return false;
  // First: the next request may be answered from inside of this call.
  Tracked.set(response, SENT);
  try {
    respondWhole(x, response.status, response.headers, content);
  } catch (error) {
    Tracked.set(response, content);
    throw error;
  }
  return true;
}

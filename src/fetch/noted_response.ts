/**
 * Notes what a platform's `Response` is made of when it is made. Afterwards its body can only be read as a
 * stream, which costs promises and microseconds; and on Bun nobody could tell a text from other bodies.
 */
import type { Exchange } from "../exchange.ts";
import { usedAlready } from "./send_response.ts";
import { jsonInit, jsonText } from "./json.ts";
import { NativeResponse, replaceResponse } from "./stand_in.ts";

/** A string body is text, as in the Fetch standard. */
const TEXT = "text/plain;charset=UTF-8";

/** Bytes up to here are copied when they are noted, as the platform does; more are worth a stream. */
const LARGEST_NOTED = 16 * 1024;

/** Whether the platform says that a text is one; Bun tells only its own server. */
const TYPES_TEXT = new NativeResponse("").headers.has("content-type");

type Content = string | Uint8Array;

/** Gives back the object that it gets, for a class that extends it to put a private field on. */
const Given = function (object: object): object {
  return object;
} as unknown as new (object: object) => object;

/** The note, in a field of the response that nobody else sees. */
class Note extends Given {
  /** `null` once it was sent. */
  #content: Content | null;

  constructor(response: Response, content: Content) {
    super(response);
    this.#content = content;
  }

  /** What `response` is made of, `null` where that was sent already, `undefined` where nobody knows. */
  static of(response: object): Content | null | undefined {
    return #content in response ? response.#content : undefined;
  }

  /** It is sent now. */
  static sent(response: object): void {
    (response as Note).#content = null;
  }
}

function makeNoted(body?: BodyInit | null, init?: ResponseInit): Response {
  const response = new NativeResponse(body, init);
  if (typeof body === "string") new Note(response, body);
  else if (body instanceof Uint8Array && body.length <= LARGEST_NOTED) new Note(response, body.slice());
  return response;
}

/** As `Response.json`, but noted. */
function json(data: unknown, init?: ResponseInit): Response {
  return makeNoted(jsonText(data), jsonInit(init));
}

/** Has `new Response`, `Response.json` and `clone` note. */
export function noteResponses(): void {
  if (globalThis.Response !== NativeResponse) return; // somebody else has replaced it, who knows why
  const { clone } = NativeResponse.prototype;
  NativeResponse.prototype.clone = function (this: Response): Response {
    const response = clone.call(this);
    const content = Note.of(this);
    if (content != null) new Note(response, content);
    return response;
  };
  replaceResponse(makeNoted, Object.setPrototypeOf({ json }, NativeResponse));
}

/**
 * Sends a response of which is known what it is made of; answers whether it was one.
 *
 * @throws {TypeError} where it was sent before
 */
export function sendNoted(x: Exchange, response: Response): boolean {
  const content = response instanceof NativeResponse ? Note.of(response) : undefined;
  if (content === undefined || response.bodyUsed) return false;
  if (content === null) throw usedAlready();
  const { status, headers } = response;
  if (!TYPES_TEXT && typeof content === "string" && !headers.has("content-type")) {
    headers.set("content-type", TEXT);
  }
  x.respond(status, headers, content);
  Note.sent(response);
  return true;
}

/**
 * Responses of the platform whose body is made when the program looks at it. Mostly it does not, and on Node the stream,
 * and the response of it, take twice as long as a response without a body. There all ways to a body lead over the
 * prototype, where they are replaced.
 */
import type { Bytes } from "../api/bytes.ts";
import { ReturnOverride } from "./return_override.ts";
import { NativeResponse } from "./response_override.ts";

/** Makes the body. */
type MakeBody = () => ReadableStream<Bytes>;

/** The body to be, in private fields of the platform's response. */
class LateBody extends ReturnOverride {
  readonly #make: MakeBody;
  /** The response that has the body, once it was looked at. */
  #holder: Response | null = null;

  constructor(response: Response, make: MakeBody) {
    super(response);
    this.#make = make;
  }

  /** Whether `response` is one of these, whose body was not looked at. */
  static isUntouched(response: object): boolean {
    return #holder in response && response.#holder === null;
  }

  /** The response that has the body of `response`. */
  static holderOf(response: unknown): unknown {
    if (typeof response !== "object" || response === null || !(#holder in response)) return response;
    const { headers } = response as unknown as Response;
    response.#holder ??= new NativeResponse(response.#make(), response as unknown as Response);
    // What it is read as depends on its type.
    const type = headers.get("content-type");
    if (type === null) response.#holder.headers.delete("content-type");
    else response.#holder.headers.set("content-type", type);
    return response.#holder;
  }
}

/** Whether the only way to the body of the platform's responses leads over the prototype. */
export function canHaveLateBodies(): boolean {
  // Before Node 24 they keep it under a symbol, where a Proxy finds it.
  if (Object.getOwnPropertySymbols(new NativeResponse(null)).length > 0) return false;
  // The caches of the package undici look into the responses of its own class, which may be in the place of Node's.
  try {
    new NativeResponse(null, { status: 1 });
    return false;
  } catch (error) {
    return String((error as Error).stack).includes("internal/deps/undici");
  }
}

/** Gives `response`, which has no body, the one that `make` makes. */
export function giveLateBody(response: Response, make: MakeBody): void {
  new LateBody(response, make);
}

/** The members of `Response` that have to do with its body. */
const MEMBERS = [
  "arrayBuffer",
  "blob",
  "body",
  "bodyUsed",
  "bytes",
  "clone",
  "formData",
  "json",
  "text",
  "textStream",
];

/** Has the platform's responses look for a late body. */
export function installLateBodies(): void {
  const { prototype } = NativeResponse;
  for (const name of MEMBERS) {
    const descriptor = Object.getOwnPropertyDescriptor(prototype, name);
    if (descriptor?.get !== undefined) {
      const { get } = descriptor;
      const isUsed = name === "bodyUsed";
      Object.defineProperty(prototype, name, {
        ...descriptor,
        get(this: Response) {
          return isUsed && LateBody.isUntouched(this) ? false : get.call(LateBody.holderOf(this));
        },
      });
    } else if (descriptor !== undefined) {
      const { value } = descriptor;
      const call = {
        [name](this: Response, ...args: unknown[]): unknown {
          return Reflect.apply(value, LateBody.holderOf(this), args);
        },
      };
      Object.defineProperty(prototype, name, { ...descriptor, value: call[name] });
    }
  }
}

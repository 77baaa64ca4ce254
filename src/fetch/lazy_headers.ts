/**
 * `Headers` of an incoming request: single values are looked up in the bytes, and a native `Headers` is
 * made only for what needs one (iterating, changing). Once there is a native request, its `Headers` are these.
 */
import type { RequestFields } from "../core/protocol.ts";
import { delegateToNative } from "./delegate_to_native.ts";

/** Names for which a look-up in the bytes equals `Headers.get`; others are left to `Headers`. */
const PLAIN_NAME = /^[\w-]+$/;

/** The headers of one request. */
export class LazyHeaders {
  readonly #fields: () => RequestFields;
  #native: Headers | null = null;

  /** Looks values up in what `fields` gives. */
  constructor(fields: () => RequestFields) {
    this.#fields = fields;
  }

  /** The native `Headers`, made now. */
  get native(): Headers {
    if (this.#native === null) {
      const fields = this.#fields();
      this.#native = new Headers();
      for (const [name, value] of fields) {
        // Lines of Cookie are joined by "; " (RFC 6265 §5.4), which not every platform does. HTTP/2 may have many.
        if (name !== "cookie") this.#native.append(name, value);
        else if (!this.#native.has(name)) this.#native.set(name, fields.get(name)!);
      }
    }
    return this.#native;
  }

  /** From here on these are the headers of `request`, which was made of them: what changes either changes both. */
  joinTo(request: Request): void {
    this.#native = request.headers;
  }

  /** As `Headers.get`. */
  get(name: string): string | null {
    return this.#isPlain(name)
      ? this.#fields().get(name.toLowerCase())
      : this.native.get(...arguments as unknown as [string]);
  }

  /** As `Headers.has`. */
  has(name: string): boolean {
    return this.#isPlain(name)
      ? this.#fields().has(name.toLowerCase())
      : this.native.has(...arguments as unknown as [string]);
  }

  /** As `Headers.forEach`. */
  forEach(callback: (value: string, name: string, headers: Headers) => void, self?: unknown): void {
    if (typeof callback !== "function") throw new TypeError("forEach() needs a function");
    this.native.forEach((value, name) => callback.call(self, value, name, this as unknown as Headers));
  }

  #isPlain(name: string): boolean {
    return this.#native === null && typeof name === "string" && PLAIN_NAME.test(name);
  }
}

delegateToNative(LazyHeaders, Headers, (self) => self.native);

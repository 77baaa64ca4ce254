/**
 * `Headers` of an incoming request: single values are looked up in the bytes, and a native `Headers` is
 * made only for what needs one (iterating, changing).
 */
import type { FieldTable } from "../protocol/fields.ts";
import { completeWith } from "./twin.ts";

/** Names that a look-up in the bytes treats as `Headers` does; what else there is, it shall judge itself. */
const PLAIN_NAME = /^[\w-]+$/;

/** The headers of one request. */
export class LazyHeaders {
  readonly #fields: () => FieldTable;
  #native: Headers | null = null;

  /** Looks values up in what `fields` gives. */
  constructor(fields: () => FieldTable) {
    this.#fields = fields;
  }

  /** The native `Headers`, made now. */
  get native(): Headers {
    if (this.#native === null) {
      this.#native = new Headers();
      for (const [name, value] of this.#fields()) this.#native.append(name, value);
    }
    return this.#native;
  }

  /** As `Headers.get`. */
  get(name: string): string | null {
    return this.#isPlain(name) ? this.#fields().get(name.toLowerCase()) : this.native.get(name);
  }

  /** As `Headers.has`. */
  has(name: string): boolean {
    return this.#isPlain(name) ? this.#fields().find(name.toLowerCase()) >= 0 : this.native.has(name);
  }

  #isPlain(name: string): boolean {
    return this.#native === null && typeof name === "string" && PLAIN_NAME.test(name);
  }
}

completeWith(LazyHeaders, Headers, (self) => self.native);

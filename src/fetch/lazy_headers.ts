/**
 * `Headers` of an incoming request: single values are looked up in the bytes, and a real `Headers` is made
 * only for what needs one (iterating, changing).
 */
import type { FieldTable } from "../protocol/fields.ts";

/** The headers of one request. `instanceof Headers`, and with every method of it. */
export class LazyHeaders implements Headers {
  readonly #fields: () => FieldTable;
  #real: Headers | null = null;

  /** Looks values up in what `fields` gives. */
  constructor(fields: () => FieldTable) {
    this.#fields = fields;
  }

  /** The real `Headers`, made now. */
  get real(): Headers {
    if (this.#real === null) {
      this.#real = new Headers();
      for (const [name, value] of this.#fields()) this.#real.append(name, value);
    }
    return this.#real;
  }

  get(name: string): string | null {
    return this.#isPlain(name) ? this.#fields().get(name.toLowerCase()) : this.real.get(name);
  }

  has(name: string): boolean {
    return this.#isPlain(name) ? this.#fields().find(name.toLowerCase()) >= 0 : this.real.has(name);
  }

  /** Whether a look-up in the bytes gives what `Headers` would: names that are none are its to refuse. */
  #isPlain(name: string): boolean {
    return this.#real === null && typeof name === "string" && /^[\w-]+$/.test(name);
  }

  append(name: string, value: string): void {
    this.real.append(name, value);
  }

  delete(name: string): void {
    this.real.delete(name);
  }

  set(name: string, value: string): void {
    this.real.set(name, value);
  }

  getSetCookie(): string[] {
    return this.real.getSetCookie();
  }

  forEach(callback: (value: string, key: string, parent: Headers) => void, thisArg?: unknown): void {
    for (const [name, value] of this.real) callback.call(thisArg, value, name, this);
  }

  entries(): HeadersIterator<[string, string]> {
    return this.real.entries();
  }

  keys(): HeadersIterator<string> {
    return this.real.keys();
  }

  values(): HeadersIterator<string> {
    return this.real.values();
  }

  [Symbol.iterator](): HeadersIterator<[string, string]> {
    return this.real.entries();
  }

  /** As `Headers` does where it has one (Bun). */
  toJSON(): Record<string, string> {
    return Object.fromEntries(this.real);
  }
}

Object.setPrototypeOf(LazyHeaders.prototype, Headers.prototype);

/**
 * The fields that a user gave, as lines: names and values one after another, whatever form they came in.
 */
import type { Fields } from "../api/exchange.ts";

/** Lines, reusable: `read` replaces those before. */
export class FieldLines {
  /** How many lines there are. */
  count = 0;
  /** Their names, from 0 to `count`. */
  readonly names: string[] = [];
  /** Their values. */
  readonly values: string[] = [];

  /** Takes the lines of `fields`. */
  read(fields: Fields | undefined): void {
    this.count = 0;
    if (fields === undefined) return;
    if (Symbol.iterator in fields) {
      // Their own iterator costs several times as much on Node and Deno.
      if (fields instanceof Headers) fields.forEach(this.#addHeader);
      else for (const [name, value] of fields) this.#add(name, value);
      return;
    }
    for (const name in fields) {
      const value = fields[name];
      if (typeof value === "string") this.#add(name, value);
      else if (Array.isArray(value)) { for (const line of value) this.#add(name, line); }
      else if (value !== undefined) this.#add(name, value);
    }
  }

  readonly #addHeader = (value: string, name: string): void => this.#add(name, value);

  #add(name: string, value: unknown): void {
    const at = this.count++;
    this.names[at] = name;
    this.values[at] = typeof value === "string" ? value : String(value); // untyped callers give numbers too
  }

  /** Whether these are `other`'s lines. */
  equals(other: FieldLines): boolean {
    if (this.count !== other.count) return false;
    for (let i = 0; i < this.count; i++) {
      if (this.values[i] !== other.values[i] || this.names[i] !== other.names[i]) return false;
    }
    return true;
  }

  /** Takes over `other`'s lines. */
  assign(other: FieldLines): void {
    this.count = other.count;
    for (let i = 0; i < this.count; i++) {
      this.names[i] = other.names[i];
      this.values[i] = other.values[i];
    }
  }
}

let spare: FieldLines | null = new FieldLines();

/**
 * The lines of `fields`, until `releaseLines`. Taken and given back, because reading may call a user's code, which
 * may answer another request meanwhile; who throws in between keeps them.
 */
export function linesOf(fields: Fields | undefined): FieldLines {
  const lines = spare ?? new FieldLines();
  spare = null;
  lines.read(fields);
  return lines;
}

/** Nobody looks at `lines` any more. */
export function releaseLines(lines: FieldLines): void {
  spare = lines;
}

/**
 * The fields of a response as they were when it was made: checked as `Headers` checks them, and read once.
 * Programs say the same fields again and again: those that equal the ones before are not copied again.
 */
import type { Fields } from "../api/exchange.ts";
import { isRecord } from "./make_native.ts";
import { NativeHeaders } from "./response_override.ts";

/** Names and values that `Headers` takes as they are: no white space around a value, no character refused. */
const PLAIN_NAME = /^[\w!#$%&'*+.^`|~-]+$/;
const PLAIN_VALUE = /^(?:[!-~\x80-\xff](?:[\t -~\x80-\xff]*[!-~\x80-\xff])?)?$/;

const CONTENT_TYPE = "content-type";

/** Fields that do not change any more. */
export class ResponseFields {
  readonly #lines: Record<string, string> | [name: string, value: string][];
  readonly #count: number;
  readonly #hasType: boolean;
  #type: string | null = null;
  #withType: Fields | null = null;

  /** Takes over `lines`, which are `count`. */
  constructor(lines: Record<string, string> | [name: string, value: string][], count: number) {
    this.#lines = lines;
    this.#count = count;
    const names = Array.isArray(lines) ? lines.map(([name]) => name) : Object.keys(lines);
    this.#hasType = names.some((name) => name.toLowerCase() === CONTENT_TYPE);
  }

  /** To be sent. */
  get lines(): Fields {
    return this.#lines;
  }

  /** To be sent with a body of this type, unless they name another. */
  withType(type: string): Fields {
    if (this.#hasType) return this.#lines;
    if (this.#withType === null || this.#type !== type) {
      this.#type = type;
      this.#withType = Array.isArray(this.#lines)
        ? [...this.#lines, [CONTENT_TYPE, type]]
        : { ...this.#lines, [CONTENT_TYPE]: type };
    }
    return this.#withType;
  }

  /** Whether they are what `given` says. */
  equals(given: Record<string, unknown>): boolean {
    const lines = this.#lines as Record<string, string>;
    let count = 0;
    for (const name in given) {
      const value = given[name];
      if (typeof value !== "string" || lines[name] !== value) return false;
      count++;
    }
    return count === this.#count;
  }
}

/** Fields that came twice in a row are kept: most programs say few that do not differ each time. */
const KEPT = 4;
const kept: ResponseFields[] = [];
/** Which of `kept` gives way to the next. */
let oldest = 0;
/** What was read last of what is not kept. */
let last: ResponseFields | null = null;

/**
 * The fields that `given` holds at this moment.
 *
 * @throws {TypeError} where `Headers` does
 */
export function readFields(given: HeadersInit): ResponseFields {
  if (isRecord(given)) {
    for (const fields of kept) if (fields.equals(given)) return fields;
    if (last?.equals(given)) return keep(last);
    const fields = readRecord(given);
    if (fields !== null) return last = fields;
  }
  const headers = given instanceof NativeHeaders ? given : new NativeHeaders(given);
  const lines: [string, string][] = [];
  headers.forEach((value, name) => void lines.push([name, value]));
  return new ResponseFields(lines, lines.length);
}

/** The fields of an object, or `null` where `Headers` is to judge them. */
function readRecord(given: Record<string, string>): ResponseFields | null {
  if (Object.getOwnPropertySymbols(given).length > 0) return null;
  const lines: Record<string, string> = {};
  let count = 0;
  for (const name in given) {
    const value: unknown = given[name];
    if (typeof value !== "string" || !PLAIN_VALUE.test(value) || !PLAIN_NAME.test(name)) return null;
    lines[name] = value;
    count++;
  }
  return new ResponseFields(lines, count);
}

function keep(fields: ResponseFields): ResponseFields {
  kept[oldest] = fields;
  oldest = (oldest + 1) % KEPT;
  last = null;
  return fields;
}

/**
 * Priorities of requests that have not come yet: PRIORITY_UPDATE may be ahead of HEADERS (RFC 9218 §7.1). Of no more
 * requests than there may be streams, which bounds the memory.
 */

/** The Priority fields by streams. */
export class EarlyPriorities {
  readonly #most: number;
  readonly #fields: Map<number, string> = new Map();

  /** Of `most` streams. */
  constructor(most: number) {
    this.#most = most;
  }

  /** Notes the field of `stream`, which is above `last`, the highest that was opened. */
  set(stream: number, field: string, last: number): void {
    const fields = this.#fields;
    if (fields.size >= this.#most) { for (const id of fields.keys()) if (id <= last) fields.delete(id); }
    if (fields.size < this.#most || fields.has(stream)) fields.set(stream, field);
  }

  /** The field of `stream`, which is opened now; `undefined` where there is none. */
  take(stream: number): string | undefined {
    const field = this.#fields.get(stream);
    this.#fields.delete(stream);
    return field;
  }
}

/** Heads of responses as a `ResponseHeadCache` writes them, and as they are where nothing is remembered. */
import assert from "node:assert/strict";
import type { Fields } from "../../src/api/exchange.ts";
import { ByteWriter } from "../../src/wire/byte_writer.ts";
import { linesOf, releaseLines } from "../../src/wire/field_lines.ts";
import { ReservedFields } from "../../src/core/reserved_fields.ts";
import { encodeHead, writeFields } from "../../src/http1/response_head.ts";
import { ResponseHeadCache } from "../../src/core/response_head_cache.ts";
import { statusLine } from "../../src/http1/status_line.ts";
import { textOf } from "../wire/helpers.ts";

/** What is written of a head, and what is noted; or what it throws. */
export interface Outcome {
  readonly text: string;
  readonly notes: { readonly contentLength: number; readonly date: boolean; readonly close: boolean } | null;
  readonly error?: string;
}

/** What a head comes to where nothing is remembered. */
export function plainly(status: number, fields: Fields | undefined): Outcome {
  const out = new ByteWriter(16);
  const notes = new ReservedFields();
  return outcome(out, () => {
    out.copy(statusLine(status));
    if (fields !== undefined) writeFields(out, fields, notes);
    return notes;
  });
}

/** Says it as a response does. */
export function write(
  said: ResponseHeadCache,
  out: ByteWriter,
  status: number,
  fields: Fields | undefined,
): ReservedFields {
  const lines = linesOf(fields);
  const notes = said.write(out, status, lines);
  releaseLines(lines);
  return notes;
}

/** As a response does it: takes back what was written where it throws. */
export function outcome(out: ByteWriter, write: () => ReservedFields): Outcome {
  const mark = out.length;
  try {
    const notes = write();
    return { text: textOf(out.bytes, mark, out.length), notes: { ...notes } };
  } catch (error) {
    assert.ok(error instanceof TypeError, String(error));
    out.length = mark;
    return { text: "", notes: null, error: error.message };
  }
}

/** One `ResponseHeadCache`, whose writer is used again each time: what was written before is overwritten. */
export class Speaker {
  readonly said: ResponseHeadCache = new ResponseHeadCache(encodeHead);
  readonly out: ByteWriter = new ByteWriter(0);

  say(status: number, fields?: Fields): Outcome {
    const { out } = this;
    out.bytes.fill(0xff);
    out.length = 0;
    out.latin1("before");
    const result = outcome(out, () => write(this.said, out, status, fields));
    assert.equal(textOf(out.bytes, 0, 6), "before");
    return result;
  }

  /** Says it, and asserts that it is what it is where nothing is remembered. */
  check(status: number, fields?: Fields): void {
    assert.deepEqual(this.say(status, fields), plainly(status, fields), JSON.stringify([status, fields]));
  }
}

/** A writer that tells how it was written: a head that is kept comes in one piece. */
class ObservedWriter extends ByteWriter {
  readonly pieces: number[] = [];

  override copy(source: Uint8Array): void {
    this.pieces.push(source.length);
    super.copy(source);
  }
}

/** Whether `said` has this head ready. */
export function isKept(said: ResponseHeadCache, status: number, fields: Fields): boolean {
  const out = new ObservedWriter(4096);
  write(said, out, status, fields);
  assert.equal(textOf(out.bytes, 0, out.length), plainly(status, fields).text);
  return out.pieces[0] === out.length;
}

/** The fields of a page. */
export const PAGE: Fields = {
  "content-type": "text/html",
  etag: '"1"',
  "set-cookie": ["a=1", "b=2"],
  vary: "accept",
};

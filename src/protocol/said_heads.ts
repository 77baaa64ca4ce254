/**
 * Writes what a handler says in the head of a response: status line and fields. Handlers say the same again
 * and again: what was said twice in a row is kept as bytes, which are then copied in one go.
 */
import type { ByteWriter } from "./byte_writer.ts";
import { copyOf } from "./bytes.ts";
import { FieldLines } from "./field_lines.ts";
import { FieldNotes, writeLines } from "./response_head.ts";
import { statusLine } from "./status.ts";

/** Heads that are kept: most programs say few that do not differ each time. */
const KEPT = 4;

/** Heads from here on are written anew each time, in bytes. */
const LARGEST_KEPT = 1024;

/** What was said, and how it is written. */
class Said {
  status = 0;
  readonly lines: FieldLines = new FieldLines();
  readonly notes: FieldNotes = new FieldNotes();
  bytes: Uint8Array = new Uint8Array(0);

  is(status: number, lines: FieldLines): boolean {
    return status === this.status && lines.equals(this.lines);
  }
}

/** Writes heads, and keeps those that come again. */
export class SaidHeads {
  readonly #kept: Said[] = [];
  /** Which of `#kept` gives way to the next. */
  #oldest = 0;
  /** What was said last of what is not kept. */
  #last = new Said();

  /**
   * Appends the status line, and the lines but for those that are the engine's to write.
   *
   * @returns what the engine must know of the fields, valid until the next call
   * @throws {TypeError} on a name that is no token, or a value that cannot travel
   */
  write(out: ByteWriter, status: number, lines: FieldLines): FieldNotes {
    for (const said of this.#kept) {
      if (!said.is(status, lines)) continue;
      out.copy(said.bytes);
      return said.notes;
    }
    return this.#writeAnew(out, status, lines);
  }

  #writeAnew(out: ByteWriter, status: number, lines: FieldLines): FieldNotes {
    const start = out.length;
    const last = this.#last;
    const repeats = last.is(status, lines);
    // Until it is written nobody knows whether it can be.
    last.status = 0;
    last.notes.reset();
    out.copy(statusLine(status));
    writeLines(out, lines, last.notes);
    last.status = status;
    last.lines.assign(lines);
    if (repeats && out.length - start <= LARGEST_KEPT) this.#keep(out, start);
    return last.notes;
  }

  /** Keeps what was said last, which lies behind `start`. */
  #keep(out: ByteWriter, start: number): void {
    const said = this.#last;
    said.bytes = copyOf(out.bytes, start, out.length);
    this.#kept[this.#oldest] = said;
    this.#oldest = (this.#oldest + 1) % KEPT;
    this.#last = new Said();
  }
}

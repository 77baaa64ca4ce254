/**
 * Decodes the field blocks of one connection (RFC 7541 §3, §6). Names and values are passed on as they came, any
 * octets, each as one code unit: whether they may be in a request is for the sink to say, and how many are too many.
 */
import { latin1 } from "../wire/bytes.ts";
import { fieldName } from "./field_names.ts";
import { DynamicTable } from "./hpack_dynamic_table.ts";
import {
  INCREMENTAL_INDEXING,
  INDEXED,
  PREFIX_4,
  PREFIX_5,
  PREFIX_6,
  PREFIX_7,
  SIZE_UPDATE,
} from "./hpack_representations.ts";
import { STATIC_COUNT, STATIC_NAMES, STATIC_VALUES } from "./hpack_static_table.ts";
import { decodeHuffman, huffmanCapacity } from "./huffman.ts";

/** The flag of a string in the Huffman code. */
const HUFFMAN = 0x80;

/** Bits that may follow a prefix. What is longer is no length and no index of ours (§5.1 asks for such a limit). */
const MAX_INTEGER_BITS = 28;

/** The table's maximum size before the peer said another one (RFC 9113 §4.3.1). In octets. */
const INITIAL_TABLE_SIZE = 4096;

/** The smallest size since the last block and the final one (§4.2). */
const MAX_SIZE_UPDATES = 2;

/** Strings that are up to so long are decoded into the same memory each time. In octets. */
const SCRATCH = 4096;

let scratch: Uint8Array | null = null;

/** Takes decoded fields. It must not throw: the rest of the block would be missing in the dynamic table. */
export interface FieldSink {
  /** The next field. */
  field(name: string, value: string): void;
}

/** A block cannot be decoded. The connection ends with COMPRESSION_ERROR (RFC 9113 §4.3). */
export class HpackError extends Error {
  /** Always `"HpackError"`. */
  override readonly name = "HpackError";
}

/** The decoding context of one connection. Of no more use once it has thrown. */
export class HpackDecoder {
  readonly #table: DynamicTable;
  readonly #maxTableSize: number;
  /** The next octet. */
  #at = 0;

  /**
   * Starts with an empty table.
   *
   * @param maxTableSize the SETTINGS_HEADER_TABLE_SIZE that we have told the peer, in octets; where it is below the
   *   initial value of 4096, the peer must have acknowledged it
   */
  constructor(maxTableSize: number) {
    this.#maxTableSize = maxTableSize;
    this.#table = new DynamicTable(Math.min(maxTableSize, INITIAL_TABLE_SIZE));
  }

  /** Changes whenever the dynamic table does: equal blocks at an equal generation have equal fields. */
  get generation(): number {
    return this.#table.generation;
  }

  /**
   * Decodes the whole block in `bytes[start, end)`.
   *
   * @throws {HpackError} fields before the fault have come by then
   */
  decode(bytes: Uint8Array, start: number, end: number, sink: FieldSink): void {
    this.#at = start;
    this.#readSizeUpdates(bytes, end);
    while (this.#at < end) {
      const first = bytes[this.#at++];
      if (first >= INDEXED) this.#readIndexed(bytes, first, end, sink);
      else if (first >= INCREMENTAL_INDEXING) {
        const name = this.#readName(bytes, first, PREFIX_6, end);
        const value = this.#readValue(bytes, end);
        this.#table.add(name, value);
        sink.field(name, value);
      } else if (first >= SIZE_UPDATE) {
        throw new HpackError("a dynamic table size update is not where a block begins, or is the third");
      } else {
        // Without indexing or never indexed: that makes no difference to who does not pass the field on.
        const name = this.#readName(bytes, first, PREFIX_4, end);
        sink.field(name, this.#readValue(bytes, end));
      }
    }
  }

  /**
   * The string that begins at `at` in a block that ends at `end`.
   *
   * @throws {HpackError} where it cannot be decoded
   */
  decodeString(bytes: Uint8Array, at: number, end: number): string {
    this.#at = at;
    return this.#readString(bytes, end, latin1);
  }

  /** §6.3, §4.2. */
  #readSizeUpdates(bytes: Uint8Array, end: number): void {
    for (let i = 0; i < MAX_SIZE_UPDATES && this.#at < end; i++) {
      const first = bytes[this.#at];
      if (first < SIZE_UPDATE || first >= INCREMENTAL_INDEXING) return;
      this.#at++;
      const size = this.#readInteger(bytes, first, PREFIX_5, end);
      if (size > this.#maxTableSize) {
        throw new HpackError(`the dynamic table of ${size} octets is larger than ${this.#maxTableSize}`);
      }
      this.#table.resize(size);
    }
  }

  /** §6.1. */
  #readIndexed(bytes: Uint8Array, first: number, end: number, sink: FieldSink): void {
    const index = this.#readInteger(bytes, first, PREFIX_7, end);
    if (index > STATIC_COUNT) {
      const age = this.#ageOf(index);
      sink.field(this.#table.name(age), this.#table.value(age));
    } else {
      if (index === 0) throw new HpackError("an index is 0");
      sink.field(STATIC_NAMES[index], STATIC_VALUES[index]);
    }
  }

  /** The name of a literal field, indexed or itself literal (§6.2). */
  #readName(bytes: Uint8Array, first: number, prefix: number, end: number): string {
    const index = this.#readInteger(bytes, first, prefix, end);
    if (index === 0) return this.#readString(bytes, end, fieldName);
    return index > STATIC_COUNT ? this.#table.name(this.#ageOf(index)) : STATIC_NAMES[index];
  }

  #readValue(bytes: Uint8Array, end: number): string {
    return this.#readString(bytes, end, latin1);
  }

  #ageOf(index: number): number {
    const age = index - STATIC_COUNT - 1;
    if (age >= this.#table.count) throw new HpackError(`no entry has index ${index}`);
    return age;
  }

  /** A string literal (§5.2), of whose octets `make` makes a string. */
  #readString(
    bytes: Uint8Array,
    end: number,
    make: (bytes: Uint8Array, start: number, end: number) => string,
  ): string {
    if (this.#at >= end) throw new HpackError("a block ends before a string");
    const first = bytes[this.#at++];
    const length = this.#readInteger(bytes, first, PREFIX_7, end);
    const start = this.#at;
    if (length > end - start) throw new HpackError("a string is longer than the rest of its block");
    this.#at = start + length;
    if (first < HUFFMAN) return make(bytes, start, this.#at);
    const capacity = huffmanCapacity(length);
    const out = capacity > SCRATCH ? new Uint8Array(capacity) : scratch ??= new Uint8Array(SCRATCH);
    const decoded = decodeHuffman(bytes, start, this.#at, out);
    if (decoded < 0) throw new HpackError("a Huffman-encoded string holds EOS or ends with wrong padding");
    return make(out, 0, decoded);
  }

  /** The integer that begins in `first`, whose bits `prefix` are its own (§5.1). */
  #readInteger(bytes: Uint8Array, first: number, prefix: number, end: number): number {
    let value = first & prefix;
    if (value < prefix) return value;
    for (let shift = 0; shift < MAX_INTEGER_BITS; shift += 7) {
      if (this.#at >= end) throw new HpackError("a block ends within an integer");
      const octet = bytes[this.#at++];
      value += (octet & 0x7f) << shift;
      if (octet < 0x80) return value;
    }
    throw new HpackError(`an integer has more than ${MAX_INTEGER_BITS} bits`);
  }
}

/**
 * A reference encoder of HPACK, written plainly after RFC 7541 and sharing nothing with the sources: with dynamic
 * table, Huffman code and each representation, as a client's encoder may choose them.
 */
import assert from "node:assert/strict";
import { bytesOf } from "../wire/helpers.ts";
import { HUFFMAN_CODES, STATIC_TABLE } from "./hpack_tables.ts";

/** A name and a value, a character for each octet. */
export type Field = readonly [name: string, value: string];

/** How to represent a field. */
export interface Representation {
  /** Of a field whose name and value are not both in a table; by default `incremental`. */
  readonly indexing?: "incremental" | "without" | "never";
  /** Whether to refer to entries of the tables, by default `true`: to equal fields, and to names in literals. */
  readonly refer?: boolean;
  /** Whether strings are in the Huffman code, by default `true`. */
  readonly huffman?: boolean;
}

/** An integer behind the bits of `pattern` (§5.1). */
export function integer(value: number, prefixBits: number, pattern = 0): number[] {
  const max = 2 ** prefixBits - 1;
  if (value < max) return [pattern | value];
  const octets = [pattern | max];
  let rest = value - max;
  for (; rest >= 128; rest = Math.floor(rest / 128)) octets.push(rest % 128 + 128);
  return [...octets, rest];
}

/** The octets of `text` in the Huffman code, with padding (§5.2). */
export function huffman(text: string): number[] {
  let bits = "";
  for (const octet of bytesOf(text)) bits += codeOf(octet);
  return packed(bits.padEnd(Math.ceil(bits.length / 8) * 8, "1"));
}

/** A symbol's Huffman code, in `0` and `1`; that of 256 is EOS. */
export function codeOf(symbol: number): string {
  const [code, bits] = HUFFMAN_CODES[symbol];
  return code.toString(2).padStart(bits, "0");
}

/** Octets of `0` and `1`. */
export function packed(bits: string): number[] {
  assert.equal(bits.length % 8, 0);
  return (bits.match(/.{8}/g) ?? []).map((octet) => parseInt(octet, 2));
}

/** A string literal (§5.2). */
export function stringLiteral(text: string, inHuffman: boolean): number[] {
  const octets = inHuffman ? huffman(text) : [...bytesOf(text)];
  return [...integer(octets.length, 7, inHuffman ? 0x80 : 0), ...octets];
}

const LITERALS = {
  incremental: [6, 0x40],
  without: [4, 0x00],
  never: [4, 0x10],
} as const;

/** The encoding context of one connection. */
export class ReferenceEncoder {
  /** The dynamic table, its newest entry first. */
  table: Field[] = [];
  #maxSize: number;
  #updates: number[] = [];

  /** Starts with an empty table of at most `maxSize` octets. */
  constructor(maxSize = 4096) {
    this.#maxSize = maxSize;
  }

  /** The octets of all entries as §4.1 counts them. */
  get size(): number {
    return this.table.reduce((size, [name, value]) => size + name.length + value.length + 32, 0);
  }

  /** Changes the maximum size; the next block says so. It must be done at most twice before a block (§4.2). */
  resize(maxSize: number): void {
    this.#maxSize = maxSize;
    this.#updates.push(...integer(maxSize, 5, 0x20));
    this.#evict(maxSize);
  }

  /** The block of these fields. */
  encode(fields: Iterable<readonly [name: string, value: string, how?: Representation]>): Uint8Array {
    const octets = this.#updates;
    this.#updates = [];
    for (const [name, value, how] of fields) octets.push(...this.#field(name, value, how));
    return Uint8Array.from(octets);
  }

  #field(name: string, value: string, how: Representation = {}): number[] {
    const { indexing = "incremental", refer = true, huffman = true } = how;
    const known = refer ? [...STATIC_TABLE, ...this.table] : [];
    const index = known.findIndex((entry) => entry[0] === name && entry[1] === value) + 1;
    if (index > 0) return integer(index, 7, 0x80);
    const nameIndex = known.findIndex((entry) => entry[0] === name) + 1;
    const [prefixBits, pattern] = LITERALS[indexing];
    const octets = integer(nameIndex, prefixBits, pattern);
    if (nameIndex === 0) octets.push(...stringLiteral(name, huffman));
    octets.push(...stringLiteral(value, huffman));
    if (indexing === "incremental") this.#add([name, value]);
    return octets;
  }

  #add(field: Field): void {
    const size = field[0].length + field[1].length + 32;
    this.#evict(this.#maxSize - size);
    if (size <= this.#maxSize) this.table.unshift(field);
  }

  #evict(size: number): void {
    while (this.table.length > 0 && this.size > size) this.table.pop();
  }
}

/**
 * Reads field blocks strictly after RFC 7541, with a dynamic table of its own; shares nothing with the sources.
 */
import { HUFFMAN_CODES, STATIC_TABLE } from "../support/hpack_tables.ts";

type Field = readonly [name: string, value: string];

/** The symbol of each Huffman code, in `0` and `1`. */
const symbols = new Map<string, number>(
  HUFFMAN_CODES.map(([code, bits], symbol) => [code.toString(2).padStart(bits, "0"), symbol]),
);

/** What is wrong with a block. */
export class BlockError extends Error {}

/** The decoding context of one connection. */
export class HeaderReader {
  #table: Field[] = [];
  #size = 4096;
  #maxSize = 4096;
  #bytes: Uint8Array = new Uint8Array(0);
  #at = 0;

  /** SETTINGS_HEADER_TABLE_SIZE, once it was acknowledged. */
  set maxSize(maxSize: number) {
    this.#maxSize = maxSize;
  }

  /** The fields of a block. */
  read(block: Uint8Array): Field[] {
    this.#bytes = block;
    this.#at = 0;
    const fields: Field[] = [];
    while (this.#at < block.length) {
      const first = block[this.#at];
      if ((first & 0xe0) === 0x20) {
        if (fields.length > 0) throw new BlockError("a table size update behind a field");
        this.#resize(this.#integer(5));
        continue;
      }
      if (this.#size > this.#maxSize) throw new BlockError("the table is larger than the settings say");
      if ((first & 0x80) !== 0) fields.push(this.#entry(this.#integer(7)));
      else fields.push(this.#literal((first & 0x40) !== 0));
    }
    return fields;
  }

  #literal(isIndexed: boolean): Field {
    const index = this.#integer(isIndexed ? 6 : 4);
    const name = index === 0 ? this.#string() : this.#entry(index)[0];
    const field: Field = [name, this.#string()];
    if (isIndexed) {
      this.#table.unshift(field);
      this.#evict();
    }
    return field;
  }

  #entry(index: number): Field {
    const entry = index <= STATIC_TABLE.length
      ? STATIC_TABLE[index - 1]
      : this.#table[index - 1 - STATIC_TABLE.length];
    if (entry === undefined) throw new BlockError(`index ${index} is in no table`);
    return entry;
  }

  #resize(size: number): void {
    if (size > this.#maxSize) throw new BlockError("a table size update beyond the settings");
    this.#size = size;
    this.#evict();
  }

  #evict(): void {
    const size = (): number =>
      this.#table.reduce((sum, [name, value]) => sum + name.length + value.length + 32, 0);
    while (this.#table.length > 0 && size() > this.#size) this.#table.pop();
  }

  #octet(): number {
    if (this.#at >= this.#bytes.length) throw new BlockError("the block is cut off");
    return this.#bytes[this.#at++];
  }

  #integer(prefix: number): number {
    const max = 2 ** prefix - 1;
    let value = this.#octet() & max;
    if (value < max) return value;
    for (let factor = 1;; factor *= 128) {
      const octet = this.#octet();
      value += (octet & 0x7f) * factor;
      if (octet < 128) return value;
    }
  }

  #string(): string {
    const isHuffman = (this.#bytes[this.#at] & 0x80) !== 0;
    const end = this.#integer(7) + this.#at;
    if (end > this.#bytes.length) throw new BlockError("a string is cut off");
    const octets = this.#bytes.subarray(this.#at, end);
    this.#at = end;
    return isHuffman ? fromHuffman(octets) : String.fromCharCode(...octets);
  }
}

function fromHuffman(octets: Uint8Array): string {
  let text = "";
  let code = "";
  for (const octet of octets) {
    for (const bit of octet.toString(2).padStart(8, "0")) {
      code += bit;
      const symbol = symbols.get(code);
      if (symbol === undefined) continue;
      if (symbol === 256) throw new BlockError("EOS in a string");
      text += String.fromCharCode(symbol);
      code = "";
    }
  }
  if (code.length > 7 || code.includes("0")) throw new BlockError("a Huffman string has the wrong padding");
  return text;
}

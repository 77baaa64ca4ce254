/** Decodes field blocks for the tests of HPACK, with hostile octets beside them. */
import assert from "node:assert/strict";
import { type HpackDecoder, HpackError } from "../../src/http2/hpack_decoder.ts";
import { type Field, integer } from "../support/hpack.ts";

/** The lowest index of the dynamic table. */
const FIRST_DYNAMIC = 62;

/** What may lie behind a block: octets that would continue an integer or a string, or are fields. */
const NEIGHBOURS = [0x00, 0x01, 0x61, 0x7f, 0x82, 0xbe, 0xff];

let turn = 0;

/** The fields of a block. It lies among other octets, and they are overwritten afterwards. */
export function decodeAll(decoder: HpackDecoder, block: Uint8Array | readonly number[]): Field[] {
  const neighbour = NEIGHBOURS[turn++ % NEIGHBOURS.length];
  const start = turn % 5;
  const bytes = new Uint8Array(start + block.length + 40).fill(neighbour);
  bytes.set(block, start);
  const fields: Field[] = [];
  decoder.decode(bytes, start, start + block.length, { field: (name, value) => fields.push([name, value]) });
  bytes.fill(0x3f);
  return fields;
}

/** The dynamic table, its newest entry first, as blocks see it. */
export function tableOf(decoder: HpackDecoder): Field[] {
  const { generation } = decoder;
  const fields: Field[] = [];
  try {
    for (;;) fields.push(...decodeAll(decoder, integer(FIRST_DYNAMIC + fields.length, 7, 0x80)));
  } catch (error) {
    if (!(error instanceof HpackError)) throw error;
  }
  assert.equal(decoder.generation, generation);
  return fields;
}

/** Asserts that a block is refused with an `HpackError`, whatever lies behind it. */
export function assertRefused(make: () => HpackDecoder, block: readonly number[], message: RegExp): void {
  for (let i = 0; i < NEIGHBOURS.length; i++) {
    assert.throws(() => decodeAll(make(), block), (error) => {
      assert.ok(error instanceof HpackError, String(error));
      assert.equal(error.name, "HpackError");
      assert.match(error.message, message);
      return true;
    }, `of ${block.map((octet) => octet.toString(16)).join(" ")}`);
  }
}

/** HpackDecoder: representations, the dynamic table, its generation, and every fault. */
import assert from "node:assert/strict";
import process from "node:process";
import { test } from "node:test";
import fc from "fast-check";
import { HpackDecoder, HpackError } from "../../src/http2/hpack_decoder.ts";
import {
  codeOf,
  type Field,
  integer,
  packed,
  ReferenceEncoder,
  type Representation,
  stringLiteral,
} from "../support/hpack.ts";
import { STATIC_TABLE } from "../support/hpack_tables.ts";
import { assertRefused, decodeAll, tableOf } from "./blocks.ts";

const newDecoder = (): HpackDecoder => new HpackDecoder(4096);

/** A literal field with incremental indexing. */
const inserted = (name: string, value: string): number[] => [
  0x40,
  ...stringLiteral(name, false),
  ...stringLiteral(value, false),
];

const sizeUpdate = (size: number): number[] => integer(size, 5, 0x20);

const ALL_OCTETS = Array.from({ length: 256 }, (_, octet) => String.fromCharCode(octet)).join("");

test("HpackDecoder reads nothing from an empty block", () => {
  assert.deepEqual(decodeAll(newDecoder(), []), []);
});

test("HpackDecoder reads each entry of the static table", () => {
  STATIC_TABLE.forEach((entry, i) => {
    assert.deepEqual(decodeAll(newDecoder(), integer(i + 1, 7, 0x80)), [entry]);
    for (const [prefixBits, pattern] of [[6, 0x40], [4, 0x00], [4, 0x10]]) {
      const block = [...integer(i + 1, prefixBits, pattern), ...stringLiteral("v", false)];
      assert.deepEqual(decodeAll(newDecoder(), block), [[entry[0], "v"]]);
    }
  });
});

test("HpackDecoder passes on any octets, as they are and in the Huffman code", () => {
  for (const inHuffman of [false, true]) {
    for (const text of ["", "\0", "\r\n", "A:", "\xff".repeat(200), ALL_OCTETS, ALL_OCTETS.repeat(30)]) {
      for (const pattern of [0x40, 0x00, 0x10]) {
        const literal = stringLiteral(text, inHuffman);
        assert.deepEqual(decodeAll(newDecoder(), [pattern, ...literal, ...literal]), [[text, text]]);
      }
    }
  }
});

test("HpackDecoder reads strings of every length", () => {
  for (const inHuffman of [false, true]) {
    for (let length = 0; length < 300; length++) {
      const text = ALL_OCTETS.repeat(2).slice(length, 2 * length);
      const block = [0x10, ...stringLiteral(text, inHuffman), ...stringLiteral(text, !inHuffman)];
      assert.deepEqual(decodeAll(newDecoder(), block), [[text, text]]);
    }
  }
});

test("HpackDecoder reads many names, also those that take each other's place, and names that come again", () => {
  const names = Array.from({ length: 3000 }, (_, i) => `x-${i * 7919}`);
  for (const name of [...names, ...names.slice(0, 100), ...names.slice(-100).flatMap((it) => [it, it])]) {
    const block = [0x00, ...stringLiteral(name, name.length % 2 > 0), ...stringLiteral("v", false)];
    assert.deepEqual(decodeAll(newDecoder(), block), [[name, "v"]]);
  }
});

test("HpackDecoder reads integers with more octets than they need", () => {
  const block = [0x00, 0x01, 0x61, 0x7f, 0x80, 0x80, 0x00, ...Array<number>(127).fill(0x62)];
  assert.deepEqual(decodeAll(newDecoder(), block), [["a", "b".repeat(127)]]);
});

// The dynamic table.

test("HpackDecoder keeps what is to be indexed, the newest first, and nothing else", () => {
  const decoder = newDecoder();
  decodeAll(decoder, [...inserted("a", "1"), ...inserted("b", "2")]);
  decodeAll(decoder, [0x00, 1, 0x63, 0, 0x10, 1, 0x63, 0]);
  assert.deepEqual(tableOf(decoder), [["b", "2"], ["a", "1"]]);
});

test("HpackDecoder adds an entry before the next field of the block", () => {
  assert.deepEqual(
    decodeAll(newDecoder(), [...inserted("a", "1"), 0xbe, ...inserted("b", "2"), 0xbe, 0xbf]),
    [["a", "1"], ["a", "1"], ["b", "2"], ["b", "2"], ["a", "1"]],
  );
});

test("HpackDecoder evicts the oldest entries where a new one has no room", () => {
  const decoder = new HpackDecoder(3 * 34);
  for (const name of ["a", "b", "c"]) decodeAll(decoder, inserted(name, "1"));
  assert.deepEqual(tableOf(decoder), [["c", "1"], ["b", "1"], ["a", "1"]]);
  decodeAll(decoder, inserted("d", "1"));
  assert.deepEqual(tableOf(decoder), [["d", "1"], ["c", "1"], ["b", "1"]]);
  decodeAll(decoder, inserted("e", "12"));
  assert.deepEqual(tableOf(decoder), [["e", "12"], ["d", "1"]]);
});

test("HpackDecoder empties the table where a field is larger than it, and passes the field on", () => {
  for (const [size, kept] of [[64, true], [65, false]] as const) {
    const decoder = new HpackDecoder(64);
    const field: Field = ["a", "v".repeat(size - 33)];
    assert.deepEqual(decodeAll(decoder, [...inserted("b", ""), ...inserted(...field)]), [["b", ""], field]);
    assert.deepEqual(tableOf(decoder), kept ? [field] : []);
    assert.deepEqual(decodeAll(decoder, inserted("c", "")), [["c", ""]]);
    assert.deepEqual(tableOf(decoder), [["c", ""]]);
  }
});

test("HpackDecoder takes a name from an entry that the new one evicts", () => {
  const decoder = new HpackDecoder(64);
  decodeAll(decoder, inserted("name", "1"));
  const block = [...integer(62, 6, 0x40), ...stringLiteral("v".repeat(28), true)];
  assert.deepEqual(decodeAll(decoder, block), [["name", "v".repeat(28)]]);
  assert.deepEqual(tableOf(decoder), [["name", "v".repeat(28)]]);
  const tooLarge = [...integer(62, 6, 0x40), ...stringLiteral("v".repeat(29), true)];
  assert.deepEqual(decodeAll(decoder, tooLarge), [["name", "v".repeat(29)]]);
  assert.deepEqual(tableOf(decoder), []);
});

test("HpackDecoder keeps as many entries as there is room for, while they come and go", () => {
  const decoder = newDecoder();
  for (let i = 0; i < 1000; i++) decodeAll(decoder, inserted("", i % 10 < 9 ? "" : "v"));
  // 128 entries of 32 octets; of each ten one has an octet more.
  const table = tableOf(decoder);
  assert.equal(table.length, 127);
  assert.deepEqual(table.map(([, value]) => value).slice(0, 11), ["v", ...Array(9).fill(""), "v"]);
});

test("HpackDecoder evicts what a smaller size leaves no room for, until it may grow again", () => {
  const decoder = new HpackDecoder(200);
  for (const name of ["a", "b", "c", "d"]) decodeAll(decoder, inserted(name, "1"));
  decodeAll(decoder, sizeUpdate(2 * 34));
  assert.deepEqual(tableOf(decoder), [["d", "1"], ["c", "1"]]);
  decodeAll(decoder, sizeUpdate(2 * 34 - 1));
  assert.deepEqual(tableOf(decoder), [["d", "1"]]);
  decodeAll(decoder, [...sizeUpdate(0), ...sizeUpdate(200), ...inserted("e", "1"), ...inserted("f", "1")]);
  assert.deepEqual(tableOf(decoder), [["f", "1"], ["e", "1"]]);
  decodeAll(decoder, [...sizeUpdate(0), ...inserted("g", "1")]);
  assert.deepEqual(tableOf(decoder), []);
});

test("HpackDecoder begins with a table of 4096 octets, and lets the peer have what it was told", () => {
  const decoder = new HpackDecoder(8192);
  const [first, second] = [["a", "1".repeat(2000)], ["b", "2".repeat(2100)]] as const;
  decodeAll(decoder, [...inserted(...first), ...inserted(...second)]);
  assert.deepEqual(tableOf(decoder), [second]);
  decodeAll(decoder, [...sizeUpdate(8192), ...inserted(...first)]);
  assert.deepEqual(tableOf(decoder), [first, second]);
  assertRefused(() => new HpackDecoder(8192), sizeUpdate(8193), /of 8193 octets is larger than 8192/);
});

// Faults.

const FAULTS: readonly (readonly [what: string, block: readonly number[], message: RegExp])[] = [
  ["the index 0", [0x80], /index is 0/],
  ["the index 0 in more octets", [0x82, 0x80], /index is 0/],
  ["an index above the tables", [0xbe], /no entry has index 62/],
  ["a large index above the tables", integer(2 ** 28, 7, 0x80), /no entry has index 268435456/],
  ["an index above the dynamic table", [...inserted("a", "1"), 0xbf], /no entry has index 63/],
  [
    "the index of an evicted entry",
    [...inserted("a", "1"), ...inserted("b", "v".repeat(4096)), 0xbe],
    /index 62/,
  ],
  ["the index of a name above the tables, to be indexed", [0x7e, 0x00], /no entry has index 62/],
  ["the index of a name above the tables, not to be indexed", [0x0f, 47, 0x00], /no entry has index 62/],
  ["the index of a name above the tables, never to be", [0x1f, 47, 0x00], /no entry has index 62/],
  ["an index that breaks off", [0xff], /within an integer/],
  ["an index that breaks off later", [0xff, 0x80, 0x80], /within an integer/],
  ["an index of 29 bits", [0xff, 0x80, 0x80, 0x80, 0x80, 0x01], /more than 28 bits/],
  ["an index of many bits", [0xff, ...Array(20).fill(0xff), 0x01], /more than 28 bits/],
  ["an index of many zeros", [0xff, ...Array(20).fill(0x80), 0x00], /more than 28 bits/],
  ["a length that breaks off", [0x00, 0x7f], /within an integer/],
  ["a length of 29 bits", [0x00, 0x7f, 0x80, 0x80, 0x80, 0x80, 0x01], /more than 28 bits/],
  [
    "a length as of 2 ** 32 and one",
    [0x00, 0x7f, 0x82, 0xff, 0xff, 0xff, 0x0f, 0x61, 0x00],
    /more than 28 bits/,
  ],
  ["a table size of many bits", [0x3f, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01], /more than 28 bits/],
  ["a table size that breaks off", [0x3f], /within an integer/],
  ["no name", [0x00], /before a string/],
  ["no name, to be indexed", [0x40], /before a string/],
  ["no value", [0x00, 0x01, 0x61], /before a string/],
  ["no value after an indexed name", [0x01], /before a string/],
  ["a name longer than the block", [0x00, 0x02, 0x61], /longer than the rest/],
  ["a value longer than the block", [0x01, 0x03, 0x61, 0x62], /longer than the rest/],
  ["a Huffman-encoded value longer than the block", [0x01, 0x83, 0x64, 0x02], /longer than the rest/],
  ["a huge value", [0x01, ...integer(2 ** 28, 7)], /longer than the rest/],
  ["EOS in a value", [0x01, 0x84, ...packed(codeOf(256) + "11")], /EOS/],
  ["EOS in a name", [0x00, 0x84, ...packed(codeOf(256) + "11"), 0x00], /EOS/],
  ["padding of eight bits", [0x01, 0x83, 0x64, 0x02, 0xff], /padding/],
  ["padding that is not ones", [0x01, 0x81, ...packed("00011" + "110")], /padding/],
  ["a third table size", [0x20, 0x21, 0x22], /is the third/],
  ["a table size after a field", [0x82, 0x20], /not where a block begins/],
  ["a table size larger than the setting", sizeUpdate(4097), /of 4097 octets is larger than 4096/],
  ["a second table size larger than the setting", [0x20, ...sizeUpdate(5000)], /of 5000 octets/],
];

for (const [what, block, message] of FAULTS) {
  test(`HpackDecoder refuses ${what}`, () => assertRefused(newDecoder, block, message));
}

test("HpackDecoder refuses a block that breaks off within a field", () => {
  const block = new ReferenceEncoder().encode([
    [":method", "GET"],
    [":path", "/" + "a".repeat(300)],
    ["custom-name", "value", { huffman: false, indexing: "never" }],
    ["custom-name", "a value that is new"],
  ]);
  const ends = new Set<number>();
  const decoder = newDecoder();
  decoder.decode(block, 0, block.length, { field: () => {} });
  for (let length = 0; length < block.length; length++) {
    try {
      decodeAll(newDecoder(), block.subarray(0, length));
      ends.add(length);
    } catch (error) {
      assert.ok(error instanceof HpackError);
    }
  }
  assert.equal(ends.size, 4, "the ends of fields before the last");
});

// Sequences of blocks.

const anyText = fc.oneof(
  fc.constantFrom("", "a", "cookie", "x-own", ":path", "content-type"),
  fc.uint8Array({ maxLength: 20 }).map((bytes) => String.fromCharCode(...bytes)),
  fc.nat(400).map((length) => "v".repeat(length)),
);
const representation: fc.Arbitrary<Representation> = fc.record({
  indexing: fc.constantFrom("incremental", "incremental", "without", "never"),
  refer: fc.boolean(),
  huffman: fc.boolean(),
});
const anyField = fc.oneof(
  fc.tuple(anyText, anyText, representation),
  fc.constantFrom(...STATIC_TABLE).map(([name, value]) => [name, value, {}] as const),
  fc.tuple(fc.constantFrom(...STATIC_TABLE), anyText, representation)
    .map(([[name], value, how]) => [name, value, how] as const),
);
const anyBlock = fc.record({
  sizes: fc.oneof(
    { weight: 5, arbitrary: fc.constant([]) },
    { weight: 1, arbitrary: fc.array(fc.nat(600), { maxLength: 2 }) },
  ),
  fields: fc.array(anyField, { maxLength: 12 }),
});

test("HpackDecoder reads what an encoder wrote, and has its table after each block", () => {
  fc.assert(
    fc.property(
      fc.constantFrom(0, 100, 600, 4096),
      fc.array(anyBlock, { maxLength: 20 }),
      (maxSize, blocks) => {
        const encoder = new ReferenceEncoder(maxSize);
        const decoder = new HpackDecoder(maxSize);
        for (const { sizes, fields } of blocks) {
          for (const size of sizes) encoder.resize(Math.min(size, maxSize));
          const block = encoder.encode(fields);
          assert.deepEqual(decodeAll(decoder, block), fields.map(([name, value]) => [name, value]));
          assert.deepEqual(tableOf(decoder), encoder.table);
        }
      },
    ),
    { numRuns: 300 },
  );
});

/** What a decoder does with a block. */
function outcome(decoder: HpackDecoder, block: Uint8Array): Field[] | string {
  try {
    return decodeAll(decoder, block);
  } catch (error) {
    assert.ok(error instanceof HpackError, String(error));
    return error.message;
  }
}

test("HpackDecoder reads random octets, or throws an HpackError", () => {
  fc.assert(
    fc.property(fc.array(fc.uint8Array({ maxLength: 200 }), { maxLength: 5 }), (blocks) => {
      const decoder = newDecoder();
      const other = newDecoder();
      for (const block of blocks) {
        assert.deepEqual(outcome(decoder, block), outcome(other, block));
        assert.equal(decoder.generation, other.generation);
      }
    }),
    { numRuns: 1000 },
  );
});

test("HpackDecoder reads a mutated block, or throws an HpackError", () => {
  const mutation = fc.record({ at: fc.nat(300), octet: fc.nat(255) });
  fc.assert(
    fc.property(
      fc.array(anyField, { maxLength: 12 }),
      fc.array(mutation, { maxLength: 4 }),
      (fields, mutations) => {
        const block = new ReferenceEncoder().encode(fields);
        for (const { at, octet } of mutations) if (at < block.length) block[at] = octet;
        outcome(newDecoder(), block);
      },
    ),
    { numRuns: 500 },
  );
});

test("HpackDecoder.generation stands still while the table does", () => {
  const decoder = newDecoder();
  const tableChanges = (block: readonly number[]): boolean => {
    const before = decoder.generation;
    decodeAll(decoder, block);
    return decoder.generation !== before;
  };
  assert.equal(tableChanges([0x82, 0x00, 1, 0x61, 0, 0x10, 1, 0x61, 0]), false);
  assert.equal(tableChanges(inserted("a", "1")), true);
  assert.equal(tableChanges([0xbe]), false);
  assert.equal(tableChanges(sizeUpdate(4096)), false, "the size that it has");
  assert.equal(tableChanges(sizeUpdate(4095)), true);
  assert.equal(tableChanges(sizeUpdate(4095)), false);
  assert.equal(tableChanges([...sizeUpdate(0), ...sizeUpdate(4095)]), true);
  assert.equal(tableChanges(inserted("a", "v".repeat(5000))), false, "too large, and nothing to evict");
  assert.equal(tableChanges(inserted("a", "1")), true);
  assert.equal(tableChanges(inserted("a", "v".repeat(5000))), true);
});

test("HpackDecoder.generation: equal blocks at an equal generation have equal fields, and leave it alone again", () => {
  // Small tables and few names, so that generations at which a block comes again are frequent.
  const text = fc.constantFrom("", "a", "b", "v".repeat(40));
  const field = fc.tuple(text, text, representation).map(([name, value, how]) => [name, value, how] as const);
  const piece = fc.oneof(
    fc.array(field, { maxLength: 3 }).map((fields) => [...new ReferenceEncoder(0).encode(fields)]),
    fc.constantFrom([0xbe], [0xbf], [0x7e, 0], [0x0f, 47, 0], sizeUpdate(0), sizeUpdate(70), sizeUpdate(140)),
  );
  const block = fc.array(piece, { maxLength: 3 }).map((pieces) => Uint8Array.from(pieces.flat()));
  fc.assert(
    fc.property(
      fc.array(block, { minLength: 1, maxLength: 4 }),
      fc.array(fc.nat(3), { maxLength: 40 }),
      (blocks, order) => {
        const decoder = new HpackDecoder(140);
        const seen = new Map<string, unknown>();
        for (const which of order) {
          const bytes = blocks[which % blocks.length];
          const before = decoder.generation;
          const key = `${before} ${bytes}`;
          const result = outcome(decoder, bytes);
          if (typeof result === "string") break; // the connection ends
          const told = { result, after: decoder.generation };
          if (seen.has(key)) assert.deepEqual(told, seen.get(key));
          // A block that changes the table does not come at this generation again.
          if (seen.has(key)) assert.equal(decoder.generation, before);
          seen.set(key, told);
        }
      },
    ),
    { numRuns: 1000 },
  );
});

test("HpackDecoder shares an entry with all fields that refer to it", () => {
  const decoder = newDecoder();
  const value = "v".repeat(4096 - 32 - 1);
  decodeAll(decoder, inserted("a", value));
  const block = new Uint8Array(16_384).fill(0xbe);
  const values: string[] = [];
  const sink = { field: (_name: string, value: string): void => void values.push(value) };
  const before = process.memoryUsage().heapUsed;
  const start = performance.now();
  decoder.decode(block, 0, block.length, sink);
  const milliseconds = performance.now() - start;
  const grown = process.memoryUsage().heapUsed - before;
  assert.equal(values.length, block.length);
  assert.equal(values[16_383], value);
  // Copies would be 64 MiB.
  assert.ok(grown < 16 * 1024 * 1024, `${grown} octets more`);
  assert.ok(milliseconds < 500, `${milliseconds} ms`);
});

test("HpackDecoder keeps nothing of the memory that a block was in", () => {
  const decoder = newDecoder();
  const field: Field = ["name-of-an-entry", "a value, rather a long one"];
  const bytes = Uint8Array.from(inserted(...field));
  decoder.decode(bytes, 0, bytes.length, { field: () => {} });
  bytes.fill(0);
  assert.deepEqual(tableOf(decoder), [field]);
});

/** The examples of RFC 7541, Appendix C: what HpackDecoder reads, and that the tests' own encoder writes the same. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { HpackDecoder } from "../../src/http2/hpack_decoder.ts";
import { type Field, integer, ReferenceEncoder, type Representation } from "../support/hpack.ts";
import { decodeAll, tableOf } from "./blocks.ts";

/** A field list, and the dynamic table after it. */
interface List {
  readonly fields: readonly Field[];
  readonly table: readonly Field[];
  readonly tableSize: number;
}

const authority: Field = [":authority", "www.example.com"];
const cacheControl: Field = ["cache-control", "no-cache"];
const custom: Field = ["custom-key", "custom-value"];

const REQUESTS: readonly List[] = [
  {
    fields: [[":method", "GET"], [":scheme", "http"], [":path", "/"], authority],
    table: [authority],
    tableSize: 57,
  },
  {
    fields: [[":method", "GET"], [":scheme", "http"], [":path", "/"], authority, cacheControl],
    table: [cacheControl, authority],
    tableSize: 110,
  },
  {
    fields: [[":method", "GET"], [":scheme", "https"], [":path", "/index.html"], authority, custom],
    table: [custom, cacheControl, authority],
    tableSize: 164,
  },
];

const found: Field = [":status", "302"];
const redirected: Field = [":status", "307"];
const priv: Field = ["cache-control", "private"];
const date: Field = ["date", "Mon, 21 Oct 2013 20:13:21 GMT"];
const laterDate: Field = ["date", "Mon, 21 Oct 2013 20:13:22 GMT"];
const location: Field = ["location", "https://www.example.com"];
const gzip: Field = ["content-encoding", "gzip"];
const cookie: Field = ["set-cookie", "foo=ASDJKHQKBZXOQWEOPIUAXQWEOIU; max-age=3600; version=1"];

const RESPONSES: readonly List[] = [
  { fields: [found, priv, date, location], table: [location, date, priv, found], tableSize: 222 },
  { fields: [redirected, priv, date, location], table: [redirected, location, date, priv], tableSize: 222 },
  {
    fields: [[":status", "200"], priv, laterDate, location, gzip, cookie],
    table: [cookie, gzip, laterDate],
    tableSize: 215,
  },
];

/** Asserts what a decoder reads of these blocks, and that the tests' encoder writes them. */
function assertExamples(
  blocks: readonly string[],
  lists: readonly List[],
  maxTableSize: number,
  how: Representation,
): void {
  const decoder = new HpackDecoder(maxTableSize);
  const encoder = new ReferenceEncoder(maxTableSize);
  lists.forEach(({ fields, table, tableSize }, i) => {
    const block = Uint8Array.from(blocks[i].match(/../g)!, (octet) => parseInt(octet, 16));
    assert.deepEqual(decodeAll(decoder, block), fields);
    assert.deepEqual(tableOf(decoder), table);
    assert.deepEqual(encoder.encode(fields.map(([name, value]) => [name, value, how])), block);
    assert.deepEqual(encoder.table, table);
    assert.equal(encoder.size, tableSize);
  });
}

test("the integers of C.1", () => {
  assert.deepEqual(integer(10, 5), [10]);
  assert.deepEqual(integer(1337, 5), [31, 154, 10]);
  assert.deepEqual(integer(42, 8), [42]);
  for (const size of [10, 1337, 42]) {
    const update = Uint8Array.from(integer(size, 5, 0x20));
    assert.deepEqual(decodeAll(new HpackDecoder(size), update), []);
    assert.throws(() => decodeAll(new HpackDecoder(size - 1), update), new RegExp(`of ${size} octets`));
  }
});

test("the representations of C.2", () => {
  const incremental: Field = ["custom-key", "custom-header"];
  const examples: readonly (readonly [string, "incremental" | "without" | "never", List])[] = [
    [
      "400a637573746f6d2d6b65790d637573746f6d2d686561646572",
      "incremental",
      { fields: [incremental], table: [incremental], tableSize: 55 },
    ],
    [
      "040c2f73616d706c652f70617468",
      "without",
      { fields: [[":path", "/sample/path"]], table: [], tableSize: 0 },
    ],
    ["100870617373776f726406736563726574", "never", {
      fields: [["password", "secret"]],
      table: [],
      tableSize: 0,
    }],
    ["82", "incremental", { fields: [[":method", "GET"]], table: [], tableSize: 0 }],
  ];
  for (const [block, indexing, list] of examples) {
    assertExamples([block], [list], 4096, { indexing, huffman: false });
  }
});

test("the requests of C.3", () => {
  const blocks = [
    "828684410f7777772e6578616d706c652e636f6d",
    "828684be58086e6f2d6361636865",
    "828785bf400a637573746f6d2d6b65790c637573746f6d2d76616c7565",
  ];
  assertExamples(blocks, REQUESTS, 4096, { huffman: false });
});

test("the requests of C.4, in the Huffman code", () => {
  const blocks = [
    "828684418cf1e3c2e5f23a6ba0ab90f4ff",
    "828684be5886a8eb10649cbf",
    "828785bf408825a849e95ba97d7f8925a849e95bb8e8b4bf",
  ];
  assertExamples(blocks, REQUESTS, 4096, {});
});

test("the responses of C.5, which evict entries", () => {
  const blocks = [
    "4803333032580770726976617465611d4d6f6e2c203231204f637420323031332032303a31333a323120474d546e" +
    "1768747470733a2f2f7777772e6578616d706c652e636f6d",
    "4803333037c1c0bf",
    "88c1611d4d6f6e2c203231204f637420323031332032303a31333a323220474d54c05a04677a69707738666f6f3d" +
    "4153444a4b48514b425a584f5157454f50495541585157454f49553b206d61782d6167653d333630303b20766572" +
    "73696f6e3d31",
  ];
  assertExamples(blocks, RESPONSES, 256, { huffman: false });
});

test("the responses of C.6, in the Huffman code", () => {
  const blocks = [
    "488264025885aec3771a4b6196d07abe941054d444a8200595040b8166e082a62d1bff6e919d29ad171863c78f0b" +
    "97c8e9ae82ae43d3",
    "4883640effc1c0bf",
    "88c16196d07abe941054d444a8200595040b8166e084a62d1bffc05a839bd9ab77ad94e7821dd7f2e6c7b335dfdf" +
    "cd5b3960d5af27087f3672c1ab270fb5291f9587316065c003ed4ee5b1063d5007",
  ];
  assertExamples(blocks, RESPONSES, 256, {});
});

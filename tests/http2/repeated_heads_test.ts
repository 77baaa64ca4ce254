/** Heads that clients repeat, as a whole or but for the path, are not decoded again: the requests are the same as if they were. */
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { ProtocolError } from "../../src/api/errors.ts";
import { HpackDecoder } from "../../src/http2/hpack_decoder.ts";
import { type DecodedRequest, RequestBuilder } from "../../src/http2/request_builder.ts";
import { RequestDecoder } from "../../src/http2/request_decoder.ts";
import { connectionSettings } from "../../src/options/settings.ts";
import { type Field, ReferenceEncoder, type Representation } from "../support/hpack.ts";

const SETTINGS = connectionSettings({
  exchange: () => {},
  http2: true,
  maxTargetBytes: 150,
  maxHeaderBytes: 500,
});

/** What a handler sees of a request, or how it is refused. */
function visible(request: DecodedRequest): unknown {
  if (request instanceof ProtocolError) return [request.status, request.code, request.message];
  const { method, target, fields, contentLength, expectsContinue, protocol, endsStream } = request;
  return [method, target, [...fields], contentLength, expectsContinue, protocol, endsStream];
}

type Line = readonly [...Field, Representation?];

const PATHS = [
  "/",
  "/a",
  "/b",
  `/${"long".repeat(30)}`,
  `/${"long".repeat(35)}`,
  `/${"too long".repeat(20)}`,
  "*",
  "",
  "no-slash",
  "/ ",
  "/\x80",
  "/\0",
];

/** Fields that are in the dynamic table, which does not change with each request then. */
const KNOWN: Line[] = [[":authority", "a.example"], ["x-a", "1"], ["content-length", "5"], ["x-b", "2"], [
  "x-large",
  "x".repeat(150),
]];

/** How clients give `:path`: mostly without indexing. */
const representation = fc.record({
  indexing: fc.constantFrom(...new Array(10).fill("without"), "never", "incremental"),
  huffman: fc.boolean(),
  refer: fc.constantFrom(true, true, true, false),
}) as fc.Arbitrary<Representation>;

const head: fc.Arbitrary<[Line[], boolean]> = fc.record({
  method: fc.constantFrom("GET", "GET", "POST", "OPTIONS", "CONNECT"),
  path: fc.constantFrom(...PATHS),
  how: representation,
  first: fc.constantFrom(0, 1, 2, 3),
  fields: fc.constantFrom<Line[]>([], [["x-a", "1"]], [["content-length", "5"]], [["x-b", "2"], [
    ":path",
    "/again",
    { indexing: "without" },
  ]], [["x-large", "x".repeat(150)]]),
  endsStream: fc.boolean(),
}).map(({ method, path, how, first, fields, endsStream }) => {
  const pseudo: Line[] = [[":method", method], [":scheme", "https"], [":authority", "a.example"]];
  pseudo.splice(first, 0, [":path", path, how]);
  return [[...pseudo, ...fields], endsStream];
});

test("a connection's requests are the same as those of blocks that are decoded one by one", () => {
  const heads = fc.array(fc.tuple(head, fc.integer({ min: 1, max: 3 })), { minLength: 2, maxLength: 40 });
  fc.assert(
    fc.property(heads, (requests) => {
      const encoder = new ReferenceEncoder();
      const decoder = new RequestDecoder(SETTINGS);
      const hpack = new HpackDecoder(4096);
      const known = encoder.encode(KNOWN);
      decoder.trailers(known, 0, known.length);
      hpack.decode(known, 0, known.length, { field: () => {} });
      for (const [[lines, endsStream], times] of requests) {
        for (let i = 0; i < times; i++) {
          const block = encoder.encode(lines);
          const builder = new RequestBuilder();
          builder.begin(SETTINGS, true);
          hpack.decode(block, 0, block.length, builder);
          const expected = builder.request(endsStream);
          assert.deepEqual(
            visible(decoder.request(block, 0, block.length, endsStream)),
            visible(expected),
          );
        }
      }
    }),
    { numRuns: 300 },
  );
});

/** The blocks of these paths, as nghttp2 and browsers encode them. */
function decoded(paths: string[]): { requests: DecodedRequest[]; decoder: RequestDecoder } {
  const encoder = new ReferenceEncoder();
  const decoder = new RequestDecoder(SETTINGS);
  const requests = paths.map((path) => {
    const block = encoder.encode([
      [":method", "GET"],
      [":path", path, { indexing: "without" }],
      [":scheme", "https"],
      [":authority", "a.example"],
      ["user-agent", "browser"],
    ]);
    return decoder.request(block, 0, block.length, true);
  });
  return { requests, decoder };
}

test("requests that differ in their paths share their fields, and those that repeat are one", () => {
  const { requests } = decoded(["/first", "/a", "/b", "/c", "/a", "/b", "/c"]);
  const [, a, b, c, ...again] = requests as Exclude<DecodedRequest, ProtocolError>[];
  assert.deepEqual([a.target, b.target, c.target], ["/a", "/b", "/c"]);
  assert.ok(a.fields === b.fields && b.fields === c.fields);
  assert.ok(again.every((request, i) => request === [a, b, c][i]));
});

test("a path that is malformed, or too long, behind one that was not, is refused as ever", () => {
  const { requests } = decoded([
    "/first",
    "/a",
    "/ b",
    "no",
    `/${"x".repeat(110)}${" "}`,
    `/${"y".repeat(160)}`,
    "/c",
  ]);
  const told = requests.map((request) => request instanceof ProtocolError ? request.status : request.target);
  assert.deepEqual(told, ["/first", "/a", 400, 400, 400, 414, "/c"]);
});

/** What each of these heads is decoded to, and a head's block. */
function decodeAll(heads: Line[][]): { told: unknown[]; blocks: Uint8Array[] } {
  const encoder = new ReferenceEncoder();
  const decoder = new RequestDecoder(SETTINGS);
  const blocks = heads.map((lines) => encoder.encode(lines));
  const requests = blocks.map((block) => decoder.request(block, 0, block.length, true));
  return { told: requests.map(visible), blocks };
}

const GET: Line[] = [[":method", "GET"], [":scheme", "https"]];
const at = (path: string): Line => [":path", path, { indexing: "without" }];

test("a longer path may make a head larger than maxHeaderBytes", () => {
  const host: Line = [":authority", "a.example"];
  const large: Line = ["x-large", "x".repeat(270)];
  const { told } = decodeAll([[...GET, at("/a"), host, large], [...GET, at("/a"), host, large], [
    ...GET,
    at(`/${"x".repeat(20)}`),
    host,
    large,
  ]]);
  assert.deepEqual((told[1] as unknown[]).slice(0, 2), ["GET", "/a"]);
  assert.deepEqual((told[2] as unknown[]).slice(0, 2), [431, "head_too_large"]);
});

test("a block whose octets mean other fields than before is decoded anew", () => {
  const host: Line = [":authority", "a.example", { indexing: "without" }];
  const { told, blocks } = decodeAll([
    [...GET, at("/a"), host, ["x-a", "1"]],
    [...GET, at("/a"), host, ["x-a", "1"]],
    [...GET, at("/a"), host, ["x-a", "2"]],
    [...GET, at("/other"), host, ["x-a", "2"]],
  ]);
  assert.deepEqual(blocks[1].at(-1), blocks[3].at(-1), "the same reference");
  const values = told.map((request) => (request as [string, string, [string, string][]])[2].at(-1));
  assert.deepEqual(values, [["x-a", "1"], ["x-a", "1"], ["x-a", "2"], ["x-a", "2"]]);
});

/** encodeStatus() and encodeField(): the octets, what any decoder makes of them, and what throws. */
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { ReservedFields } from "../../src/core/reserved_fields.ts";
import { writeFields } from "../../src/http1/response_head.ts";
import { HpackDecoder } from "../../src/http2/hpack_decoder.ts";
import { encodeField, encodeStatus, NO_DYNAMIC_TABLE } from "../../src/http2/hpack_encoder.ts";
import { NAME_INDEX, STATIC_NAMES, STATIC_VALUES } from "../../src/http2/hpack_static_table.ts";
import { ByteWriter } from "../../src/wire/byte_writer.ts";
import { STATIC_TABLE } from "../support/hpack_tables.ts";
import type { Field } from "../support/hpack.ts";
import { textOf } from "../wire/helpers.ts";

/** The octets that `write` appends, whatever room there was. */
function encoded(write: (out: ByteWriter) => void): Uint8Array {
  const [first, ...others] = [0, 7, 10_000].map((capacity) => {
    const out = new ByteWriter(capacity);
    out.latin1("before");
    write(out);
    assert.equal(textOf(out.bytes, 0, 6), "before");
    return out.bytes.slice(6, out.length);
  });
  for (const other of others) assert.deepEqual(other, first);
  return first;
}

function octetsOf(name: string, value: string): string {
  return textOf(encoded((out) => encodeField(out, name, value)));
}

/** What a decoder without dynamic table reads. */
function decoded(block: Uint8Array): Field[] {
  const fields: Field[] = [];
  const decoder = new HpackDecoder(0);
  decoder.decode(block, 0, block.length, { field: (name, value) => fields.push([name, value]) });
  assert.equal(decoder.generation, 0);
  return fields;
}

test("the static table is that of RFC 7541, Appendix A", () => {
  assert.deepEqual(STATIC_NAMES, ["", ...STATIC_TABLE.map(([name]) => name)]);
  assert.deepEqual(STATIC_VALUES, ["", ...STATIC_TABLE.map(([, value]) => value)]);
  for (const [name, index] of NAME_INDEX) assert.equal(STATIC_NAMES[index], name);
  assert.equal(NAME_INDEX.size, 61 - 14);
});

test("NO_DYNAMIC_TABLE is a table size update to 0 that a block may begin with", () => {
  assert.deepEqual([...NO_DYNAMIC_TABLE], [0x20]);
  const block = encoded((out) => {
    out.copy(NO_DYNAMIC_TABLE);
    encodeStatus(out, 200);
  });
  assert.deepEqual(decoded(block), [[":status", "200"]]);
});

test("encodeStatus() writes one octet where the static table has the status", () => {
  const indices = { 200: 8, 204: 9, 206: 10, 304: 11, 400: 12, 404: 13, 500: 14 };
  for (const [status, index] of Object.entries(indices)) {
    assert.deepEqual([...encoded((out) => encodeStatus(out, Number(status)))], [0x80 | index]);
  }
});

test("encodeStatus() writes any status", () => {
  assert.equal(textOf(encoded((out) => encodeStatus(out, 201))), "\x08\x03201");
  for (let status = 100; status <= 999; status++) {
    assert.deepEqual(decoded(encoded((out) => encodeStatus(out, status))), [[":status", `${status}`]]);
  }
});

test("encodeField() refers to a name of the static table", () => {
  assert.equal(octetsOf("age", "60"), "\x0f\x06\x0260"); // 21 = 15 + 6
  assert.equal(octetsOf("content-type", "text/plain"), "\x0f\x10\x0atext/plain");
});

test("encodeField() writes an index where name and value are in the static table", () => {
  assert.equal(octetsOf("accept-encoding", "gzip, deflate"), "\x90");
  assert.equal(octetsOf("etag", ""), "\xa2");
  assert.equal(octetsOf("accept-encoding", ""), "\x0f\x01\x00");
});

test("encodeField() writes other names", () => {
  assert.equal(octetsOf("x-own", "a b"), "\x00\x05x-own\x03a b");
  assert.equal(octetsOf("x", ""), "\x00\x01x\x00");
});

test("encodeField() writes names in lower case, and finds them in the static table then", () => {
  assert.equal(octetsOf("X-Own", "A"), "\x00\x05x-own\x01A");
  assert.equal(octetsOf("Content-Type", "text/plain"), octetsOf("content-type", "text/plain"));
  assert.equal(octetsOf("ETAG", ""), octetsOf("etag", ""));
  assert.equal(octetsOf("Set-Cookie", "a=1"), octetsOf("set-cookie", "a=1"));
});

test("encodeField() never indexes what is sensitive", () => {
  assert.equal(octetsOf("set-cookie", "a=1"), "\x1f\x28\x03a=1");
  assert.equal(octetsOf("authorization", "Basic"), "\x1f\x08\x05Basic");
  assert.equal(octetsOf("set-cookie", ""), "\x1f\x28\x00");
});

test("encodeField() writes values without the blanks around them", () => {
  assert.equal(octetsOf("x", " \t a \t b\t "), "\x00\x01x\x05a \t b");
  assert.equal(octetsOf("x", " \t "), "\x00\x01x\x00");
  assert.equal(octetsOf("age", " 1"), octetsOf("age", "1"));
});

test("encodeField() writes names and values of every length", () => {
  for (const length of [1, 126, 127, 128, 254, 255, 256, 16_510, 16_511, 16_512, 70_000, 3_000_000]) {
    const text = "v".repeat(length);
    assert.deepEqual(decoded(encoded((out) => encodeField(out, "x-own", text))), [["x-own", text]]);
    assert.deepEqual(decoded(encoded((out) => encodeField(out, "Age", text))), [["age", text]]);
    if (length > 100_000) continue;
    const name = "n".repeat(length);
    assert.deepEqual(decoded(encoded((out) => encodeField(out, name, text))), [[name, text]]);
  }
});

const char = fc.nat(0xff).map((code) => String.fromCharCode(code));
const anyName = fc.oneof(
  fc.constantFrom(...NAME_INDEX.keys(), ...[...NAME_INDEX.keys()].map((name) => name.toUpperCase())),
  fc.string({ unit: fc.constantFrom(..."!#$%&'*+-.^_`|~09AZaz"), minLength: 1, maxLength: 20 }),
);
const anyValue = fc.string({ unit: char.filter((it) => !/[\0-\x08\x0a-\x1f\x7f]/.test(it)), maxLength: 200 });

test("what encodeField() writes is what was given, after a decoder", () => {
  fc.assert(fc.property(fc.array(fc.tuple(anyName, anyValue), { maxLength: 20 }), (fields) => {
    const block = encoded((out) => {
      for (const [name, value] of fields) encodeField(out, name, value);
    });
    const expected = fields.map(([name, value]) => [
      name.toLowerCase(),
      value.replace(/^[ \t]+|[ \t]+$/g, ""),
    ]);
    assert.deepEqual(decoded(block), expected);
  }));
});

/** What `write` throws. */
function errorOf(write: () => void): Error | undefined {
  try {
    write();
  } catch (error) {
    assert.ok(error instanceof TypeError);
    return error;
  }
  return undefined;
}

/** Asserts that the field throws, and with the message that it has in HTTP/1.1. */
function assertThrows(name: string, value: string, message: RegExp): void {
  const error = errorOf(() => encodeField(new ByteWriter(0), name, value));
  assert.match(error?.message ?? "", message, JSON.stringify([name, value]));
  const inHttp1 = errorOf(() => writeFields(new ByteWriter(0), [[name, value]], new ReservedFields()));
  assert.equal(error?.message, inHttp1?.message);
}

test("encodeField() refuses names that are no tokens", () => {
  assertThrows("", "a", /must not be empty/);
  for (
    const name of [
      "a b",
      "a:",
      ":status",
      ":path",
      "a\n",
      "a\0",
      "é",
      "\u0161",
      "cooKie\u212a",
      "\u212aa",
      " age",
    ]
  ) {
    assertThrows(name, "a", /must be a token \(RFC 9110 §5\.1\)/);
  }
});

test("encodeField() refuses values that cannot travel", () => {
  for (const value of ["a\r\nb", "\n", "a\0", "a\x7f", "\u0100", " a\u20ac", "😀"]) {
    for (const name of ["x", "age", "Set-Cookie"]) assertThrows(name, value, /cannot travel: .* at \d/);
  }
});

test("encodeField() throws where writeFields() does, with the same message", () => {
  const text = fc.string({
    unit: fc.oneof(char, fc.constantFrom("\u0100", "\u212a", "a", "Z")),
    maxLength: 4,
  });
  fc.assert(
    fc.property(text, text, (name, value) => {
      const error = errorOf(() => encodeField(new ByteWriter(0), name, value));
      const inHttp1 = errorOf(() => writeFields(new ByteWriter(0), [[name, value]], new ReservedFields()));
      assert.equal(error?.message, inHttp1?.message);
    }),
    { numRuns: 1000 },
  );
});

/** writeFields: how the user's fields are written, what is noted of them, and what throws before it can travel. */
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import type { Fields } from "../../src/api/exchange.ts";
import { ByteWriter } from "../../src/wire/byte_writer.ts";
import { FieldTable, readFieldLine } from "../../src/http1/fields.ts";
import { LENGTH_NOT_GIVEN, ReservedFields } from "../../src/core/reserved_fields.ts";
import { writeFields } from "../../src/http1/response_head.ts";
import { textOf } from "../wire/helpers.ts";

/** What is written for `fields`, whatever room the writer has, and what is noted. */
function write(fields: Fields): { text: string; notes: ReservedFields } {
  const results = [0, 10_000].map((capacity) => {
    const out = new ByteWriter(capacity);
    const notes = new ReservedFields();
    writeFields(out, fields, notes);
    return { text: textOf(out.bytes, 0, out.length), notes };
  });
  assert.deepEqual(results[0], results[1]);
  return results[0];
}

function textFor(fields: Fields): string {
  return write(fields).text;
}

/** Asserts that `fields` throw a TypeError, and that the caller can take back what was written until then. */
function assertThrows(fields: Fields, message: RegExp): void {
  const out = new ByteWriter(16);
  out.latin1("HTTP/1.1 200 OK\r\n");
  const mark = out.length;
  assert.throws(() => writeFields(out, fields, new ReservedFields()), (error) => {
    assert.ok(error instanceof TypeError);
    assert.match(error.message, message);
    return true;
  });
  out.length = mark;
  writeFields(out, { "x-error": "1" }, new ReservedFields());
  assert.equal(textOf(out.bytes, 0, out.length), "HTTP/1.1 200 OK\r\nx-error: 1\r\n");
}

// Kinds of fields.

test("writeFields() writes an object's fields in order", () => {
  assert.equal(
    textFor({ "content-type": "text/html", "X-Own": "a b", etag: '"x"' }),
    'content-type: text/html\r\nX-Own: a b\r\netag: "x"\r\n',
  );
});

test("writeFields() writes nothing for nothing", () => {
  for (const fields of [{}, [], new Headers(), new Map<string, string>()]) assert.equal(textFor(fields), "");
});

test("writeFields() writes a line for each element of an array", () => {
  assert.equal(textFor({ "set-cookie": ["a=1", "b=2"], vary: [] }), "set-cookie: a=1\r\nset-cookie: b=2\r\n");
});

test("writeFields() writes numbers, and leaves out what is undefined", () => {
  assert.equal(
    textFor({ age: 0, "x-none": undefined, "retry-after": 120 }),
    "age: 0\r\nretry-after: 120\r\n",
  );
});

test("writeFields() writes empty values", () => {
  assert.equal(textFor({ a: "", b: [""] }), "a: \r\nb: \r\n");
});

test("writeFields() writes pairs, repeated names included", () => {
  assert.equal(textFor([["a", "1"], ["B", "2"], ["a", "3"]]), "a: 1\r\nB: 2\r\na: 3\r\n");
  assert.equal(textFor(new Map([["a", "1"], ["b", "2"]])), "a: 1\r\nb: 2\r\n");
});

test("writeFields() writes what an iterable gives, once", () => {
  const out = new ByteWriter(0);
  const pairs = function* (): Generator<[string, string]> {
    yield ["a", "1"];
    yield ["b", "2"];
  };
  writeFields(out, pairs(), new ReservedFields());
  assert.equal(textOf(out.bytes, 0, out.length), "a: 1\r\nb: 2\r\n");
});

test("writeFields() writes Headers, each Set-Cookie on a line of its own", () => {
  const headers = new Headers({ "X-Own": "a", Accept: "1" });
  headers.append("Set-Cookie", "a=1; Path=/");
  headers.append("set-cookie", "b=2");
  headers.append("accept", "2");
  // In which place Set-Cookie comes among the others is up to the runtime.
  assert.deepEqual(textFor(headers).split("\r\n").sort(), [
    "",
    "accept: 1, 2",
    "set-cookie: a=1; Path=/",
    "set-cookie: b=2",
    "x-own: a",
  ]);
});

test("writeFields() writes values that are no strings where the types were not looked at", () => {
  const untyped = new Map<string, unknown>([["age", 5], ["x-flag", true]]);
  assert.equal(textFor(untyped as unknown as Fields), "age: 5\r\nx-flag: true\r\n");
  assert.equal(textFor({ "x-flag": true } as unknown as Fields), "x-flag: true\r\n");
});

test("writeFields() writes every byte that a value may have", () => {
  const allowed = Array.from({ length: 256 }, (_, code) => String.fromCharCode(code))
    .filter((char) => /[\t\x20-\x7e\x80-\xff]/.test(char)).join("");
  assert.equal(textFor({ x: allowed }), `x: ${allowed}\r\n`);
});

// What cannot travel.

test("writeFields() throws on CR, LF and NUL in a value, and on every other control byte", () => {
  for (const value of ["a\r\nSet-Cookie: b", "a\rb", "a\nb", "a\0b", "\r", "\n", "\0", "a\r\n", "\r\n b"]) {
    assertThrows({ a: "1", "x-own": value }, /"x-own".*RFC 9110 §5\.5/);
    assertThrows([["a", "1"], ["x-own", value]], /"x-own"/);
    assertThrows({ "x-own": ["1", value] }, /"x-own"/);
  }
  for (let code = 0; code < 128; code++) {
    const char = String.fromCharCode(code);
    if (!/[\t\x20-\x7e]/.test(char)) assertThrows({ a: `1${char}2` }, /cannot travel/);
  }
});

test("writeFields() throws on characters past Latin-1 in a value", () => {
  for (const value of ["\u0100", "€", "a\u010d", "\u010a", "😀", "\ud83d"]) {
    assertThrows({ a: "1", "x-own": value }, /"x-own".*cannot travel/);
  }
});

test("writeFields() tells which character cannot travel, and where", () => {
  assertThrows({ "x-own": "ab\nc" }, /"\\n" at 2/);
});

test("writeFields() throws on a name that is no token", () => {
  for (let code = 0; code < 256; code++) {
    const char = String.fromCharCode(code);
    if (!/[!#$%&'*+\-.^_`|~0-9A-Za-z]/.test(char)) assertThrows({ [`x${char}y`]: "1" }, /no header name/);
  }
  for (const name of ["a b", "a:", ":a", "a\r\nb", "x-\u010d", "\u0141", "😀"]) {
    assertThrows({ a: "1", [name]: "2" }, /no header name/);
    assertThrows([[name, "2"]], /no header name/);
  }
});

test("writeFields() throws on an empty name", () => {
  assertThrows({ "": "1" }, /must not be empty/);
  assertThrows([["", "1"]], /must not be empty/);
});

test("writeFields() lets through what the iterable throws", () => {
  const pairs = function* (): Generator<[string, string]> {
    yield ["a", "1"];
    throw new TypeError("from the iterable");
  };
  assertThrows(pairs(), /from the iterable/);
});

// What concerns the engine.

test("writeFields() notes nothing of other fields", () => {
  const { notes } = write({ data: "x", "x-connection": "close", "content-lengths": "5", connectio: "close" });
  assert.deepEqual({ ...notes }, { contentLength: LENGTH_NOT_GIVEN, date: false, close: false });
});

test("writeFields() notes Content-Length and leaves the line to the engine, whatever its case", () => {
  for (const name of ["content-length", "Content-Length", "CONTENT-LENGTH"]) {
    for (const [value, length] of [["0", 0], ["42", 42], [42, 42], [0, 0], ["007", 7]] as const) {
      const { text, notes } = write({ a: "1", [name]: value, b: "2" });
      assert.equal(text, "a: 1\r\nb: 2\r\n");
      assert.equal(notes.contentLength, length);
    }
  }
  assert.equal(write(new Headers({ "content-length": "5" })).notes.contentLength, 5);
  assert.equal(write({ "content-length": String(2 ** 53 - 1) }).notes.contentLength, 2 ** 53 - 1);
});

test("writeFields() throws on a Content-Length that is no whole number", () => {
  for (
    const value of [
      "",
      " ",
      "-1",
      "+1",
      "1.5",
      "1e3",
      "0x1",
      "5, 5",
      "five",
      " 5",
      "5\r\n",
      "9007199254740992",
      NaN,
      -1,
      1.5,
      Infinity,
    ]
  ) {
    assertThrows({ "Content-Length": value }, /content-length must be a whole number/);
  }
});

test("writeFields() notes that Date was given, and writes it", () => {
  for (const name of ["date", "Date", "DATE"]) {
    const { text, notes } = write({ [name]: "x" });
    assert.equal(text, `${name}: x\r\n`);
    assert.equal(notes.date, true);
  }
});

test("writeFields() notes close in Connection, as a token in any case, and leaves the line out", () => {
  for (const name of ["connection", "Connection", "CONNECTION"]) {
    for (
      const [value, close] of [
        ["close", true],
        ["CLOSE", true],
        ["keep-alive, Close", true],
        ["close ,x", true],
        ["keep-alive", false],
        ["closed", false],
        ["not-close", false],
        ["x close", false],
        ["", false],
      ] as const
    ) {
      const { text, notes } = write({ [name]: value });
      assert.equal(text, "");
      assert.equal(notes.close, close, value);
    }
  }
});

test("writeFields() notes close once it was said in any of the lines", () => {
  assert.equal(write([["connection", "close"], ["connection", "keep-alive"]]).notes.close, true);
  assert.equal(write({ connection: ["x", "close", "y"] }).notes.close, true);
});

test("writeFields() leaves out what belongs to the connection, whatever its case", () => {
  assert.equal(
    textFor({ "Keep-Alive": "timeout=5", "TRANSFER-ENCODING": "chunked", a: "1", Connection: "upgrade" }),
    "a: 1\r\n",
  );
  assert.equal(textFor(new Headers({ "keep-alive": "max=1", "transfer-encoding": "gzip" })), "");
});

test("writeFields() never lets a line end through, also in fields that it leaves out or rewrites", () => {
  for (const name of ["connection", "keep-alive", "transfer-encoding", "content-length", "date", "x"]) {
    const out = new ByteWriter(0);
    try {
      writeFields(out, { [name]: "close\r\nx-injected: 1" }, new ReservedFields());
    } catch (error) {
      assert.ok(error instanceof TypeError);
    }
    assert.equal(out.length, 0);
  }
});

test("ReservedFields.reset() forgets what was noted", () => {
  const notes = new ReservedFields();
  writeFields(new ByteWriter(0), { "content-length": 5, date: "x", connection: "close" }, notes);
  assert.deepEqual({ ...notes }, { contentLength: 5, date: true, close: true });
  notes.reset();
  assert.deepEqual({ ...notes }, { contentLength: LENGTH_NOT_GIVEN, date: false, close: false });
});

// Properties.

test("writeFields() writes what a strict reader reads back, or throws a TypeError", () => {
  const name = fc.oneof(
    fc.string({ unit: fc.constantFrom(..."aZ09-_!~"), minLength: 1, maxLength: 18 }),
    fc.string({ unit: fc.constantFrom(..."aZ-: \r\n\0\xe9\u010d"), maxLength: 6 }),
    fc.constantFrom("Date", "Content-Length", "Connection", "Keep-Alive", "Transfer-Encoding", "Set-Cookie"),
  );
  const value = fc.oneof(
    fc.string({ unit: fc.constantFrom(..."aZ09 \t:,;\xe9\xff"), maxLength: 20 }),
    fc.string({ unit: fc.constantFrom(..."aZ \r\n\0\x7f\u010d\u010a"), maxLength: 5 }),
    fc.constantFrom("close", "5", "chunked"),
  );
  fc.assert(
    fc.property(fc.array(fc.tuple(name, value), { maxLength: 8 }), (pairs) => {
      const out = new ByteWriter(1);
      try {
        writeFields(out, pairs, new ReservedFields());
      } catch (error) {
        assert.ok(error instanceof TypeError);
        return;
      }
      const table = new FieldTable();
      table.bind(out.bytes, 0);
      for (let at = 0; at < out.length;) at = readFieldLine(out.bytes, at, out.length, table);
      const left = ["content-length", "connection", "keep-alive", "transfer-encoding"];
      const expected = pairs.map((
        [name, value],
      ) => [name.toLowerCase(), value.replace(/^[ \t]+|[ \t]+$/g, "")])
        .filter(([name]) => !left.includes(name));
      assert.deepEqual([...table], expected);
    }),
    { numRuns: 500 },
  );
});

/** ChunkedDecoder (RFC 9112 §7.1): what it gives its sink, and where it stops. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { ChunkedDecoder } from "../../src/http1/chunked_decoder.ts";
import { bodyOf, END } from "../support/chunked_bodies.ts";
import { bytesOf, countReads, decodeInPieces, textOf } from "../wire/helpers.ts";

test("ChunkedDecoder.decode() joins chunks", () => {
  assert.equal(bodyOf(`5\r\nhello\r\n1\r\n \r\n6\r\nworld!\r\n${END}`), "hello world!");
});

test("ChunkedDecoder.decode() reads an empty body", () => {
  assert.equal(bodyOf(END), "");
});

test("ChunkedDecoder.decode() takes data as it is, line ends and chunks within included", () => {
  const data = "\r\n0\r\n\r\nGET / HTTP/1.1\r\n\0\xff";
  assert.equal(bodyOf(`${data.length.toString(16)}\r\n${data}\r\n${END}`), data);
});

test("ChunkedDecoder.decode() reads sizes in either case and with leading zeros", () => {
  const data = "d".repeat(0xab);
  for (const size of ["ab", "AB", "aB", "0ab", "0000000000AB"]) {
    assert.equal(bodyOf(`${size}\r\n${data}\r\n${END}`), data);
  }
  for (const zero of ["0", "00", "000000000000"]) assert.equal(bodyOf(`1\r\nx\r\n${zero}\r\n\r\n`), "x");
});

test("ChunkedDecoder.decode() knows each hexadecimal digit", () => {
  for (const digit of "123456789abcdefABCDEF") {
    const data = "d".repeat(parseInt(digit, 16));
    assert.equal(bodyOf(`${digit}\r\n${data}\r\n${END}`), data);
  }
});

test("ChunkedDecoder.decode() reads large chunks", () => {
  const data = "0123456789abcdef".repeat(5000);
  const text = `13880\r\n${data}\r\n${END}`;
  const read = decodeInPieces(text, [1, 4, 100, 50_000, 80_000, text.length]);
  assert.deepEqual(read, { body: data, trailers: [], length: text.length, done: true });
});

test("ChunkedDecoder.decode() follows the largest size that it accepts", () => {
  const decoder = new ChunkedDecoder(0, 0);
  const sink = { push: () => true };
  const bytes = bytesOf("ffffffffffff\r\n" + "d".repeat(100));
  assert.equal(decoder.decode(bytes, 0, bytes.length, sink), bytes.length);
  assert.equal(decoder.done, false);
});

test("ChunkedDecoder.decode() takes nothing behind the body", () => {
  for (const behind of ["GET / HTTP/1.1\r\n", "\r\n", "0\r\n\r\n", "\n", "\0"]) {
    const text = `1\r\nx\r\n${END}`;
    const read = decodeInPieces(text + behind, [text.length + behind.length]);
    assert.deepEqual(read, { body: "x", trailers: [], length: text.length, done: true });
  }
});

test("ChunkedDecoder.decode() is done only with the last byte", () => {
  const text = `1\r\nx\r\n0;a\r\nT: t\r\n\r\n`;
  for (let end = 0; end < text.length; end++) {
    const read = decodeInPieces(text.slice(0, end), [end]);
    assert.ok("done" in read && !read.done && read.length === end);
  }
});

test("ChunkedDecoder.decode() stays done", () => {
  const decoder = new ChunkedDecoder(0, 0);
  const sink = { push: () => assert.fail("there was no data") };
  const bytes = bytesOf(END + END);
  assert.equal(decoder.decode(bytes, 0, bytes.length, sink), END.length);
  assert.equal(decoder.decode(bytes, END.length, bytes.length, sink), END.length);
  assert.equal(decoder.done, true);
});

test("ChunkedDecoder.decode() reads each byte once, none outside its bounds, and changes none", () => {
  const text = `5;ext=1\r\nhello\r\n0\r\nTrailer: value\r\n\r\n`;
  const memory = bytesOf(`1\r${text}1\r`);
  const reads = new Uint32Array(memory.length);
  const counted = countReads(memory, reads);
  const decoder = new ChunkedDecoder(0, 0);
  const sink = { push: () => true };
  for (let at = 2; at < 2 + text.length; at++) decoder.decode(counted, at, at + 1, sink);
  assert.equal(decoder.done, true);
  assert.equal(Math.max(...reads), 1);
  assert.deepEqual([...reads.subarray(0, 2), ...reads.subarray(-2)], [0, 0, 0, 0]);
  assert.equal(textOf(memory), `1\r${text}1\r`);
});

test("ChunkedDecoder.decode() gives the sink slices of the bytes that came, uncopied", () => {
  const bytes = bytesOf(`xx3\r\nabc\r\n2\r\nde\r\n${END}`);
  const slices: string[] = [];
  const decoder = new ChunkedDecoder(0, 0);
  decoder.decode(bytes, 2, bytes.length, {
    push(memory, start, end) {
      assert.equal(memory, bytes);
      return slices.push(textOf(memory, start, end)) > 0;
    },
  });
  assert.deepEqual(slices, ["abc", "de"]);
});

test("ChunkedDecoder.decode() stops where the sink says that no more may come, and goes on there", () => {
  const text = `3\r\nabc\r\n2\r\nde\r\n${END}`;
  const bytes = bytesOf(text);
  const decoder = new ChunkedDecoder(0, 0);
  const slices: string[] = [];
  const sink = {
    push: (memory: Uint8Array, start: number, end: number) => slices.push(textOf(memory, start, end)) < 0,
  };
  assert.equal(decoder.decode(bytes, 0, bytes.length, sink), 6);
  assert.deepEqual(slices, ["abc"]);
  assert.equal(decoder.decode(bytes, 6, bytes.length, sink), 13);
  assert.deepEqual(slices, ["abc", "de"]);
  assert.equal(decoder.done, false);
  assert.equal(decoder.decode(bytes, 13, bytes.length, sink), bytes.length);
  assert.equal(decoder.done, true);
});

test("ChunkedDecoder.decode() stops within a chunk too, when no more has come of it", () => {
  const decoder = new ChunkedDecoder(0, 0);
  const bytes = bytesOf("5\r\nhe");
  assert.equal(decoder.decode(bytes, 0, 5, { push: () => false }), 5);
  const rest = bytesOf(`llo\r\n${END}`);
  let data = "";
  decoder.decode(rest, 0, rest.length, {
    push: (memory, start, end) => (data += textOf(memory, start, end)) !== "",
  });
  assert.deepEqual([data, decoder.done], ["llo", true]);
});

/** readProxyHeader() (the PROXY protocol): what holds of both versions. */
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { NEED_MORE } from "../../src/wire/bytes.ts";
import { readProxyHeader } from "../../src/wire/proxy_header.ts";
import { readInPieces } from "../support/proxy_header_reading.ts";
import { CLIENT_V1, CLIENT_V2, COMMAND, FAMILY, port, SIGNATURE, v2 } from "../support/proxy_headers.ts";
import { bytesOf, countReads, cutsFrom, everyByte } from "./helpers.ts";

test("readProxyHeader() reads nothing outside its bounds, and changes nothing", () => {
  for (const text of [CLIENT_V1, CLIENT_V2]) {
    for (let end = 0; end <= text.length; end++) {
      const memory = bytesOf(`\r${text}\n`);
      const before = memory.slice();
      const reads = new Uint32Array(memory.length);
      // What is complete goes to library functions, which take no proxy.
      if (end < text.length) assert.equal(readProxyHeader(countReads(memory, reads), 1, 1 + end), NEED_MORE);
      assert.deepEqual([...reads.subarray(1 + end)].filter((count) => count > 0), []);
      assert.equal(reads[0], 0);
      assert.deepEqual(memory, before);
    }
  }
});

test("readProxyHeader() gives back what was written, in both versions, cut anywhere", () => {
  const ip = (size: number): fc.Arbitrary<number[]> =>
    fc.array(fc.oneof(fc.constant(0), fc.nat(255)), { minLength: size, maxLength: size });
  const ports = fc.tuple(fc.nat(65_535), fc.nat(65_535));
  const cuts = fc.array(fc.nat(300), { maxLength: 4 });
  for (const size of [4, 16]) {
    fc.assert(fc.property(ip(size), ip(size), ports, cuts, (source, destination, [from, to], cuts) => {
      const body = String.fromCharCode(...source, ...destination) + port(from) + port(to);
      const binary = v2(COMMAND.proxy, size === 4 ? FAMILY.tcp4 : FAMILY.tcp6, body);
      const words = (bytes: readonly number[]): string =>
        size === 4 ? bytes.join(".") : Array.from(
          { length: 8 },
          (_, i) => (bytes[2 * i] << 8 | bytes[2 * i + 1]).toString(16),
        ).join(":");
      const line = `PROXY TCP${size === 4 ? 4 : 6} ${words(source)} ${words(destination)} ${from} ${to}\r\n`;
      const [a, b] = [binary, line].map((text) => {
        const header = readInPieces(`${text}GET /`, cutsFrom(cuts, text.length + 5));
        assert.ok(typeof header === "object" && "endpoints" in header);
        assert.equal(header.length, text.length);
        return header.endpoints;
      });
      assert.deepEqual(a, b);
      const { remoteAddr, localAddr } = a!;
      assert.ok(remoteAddr?.transport === "tcp" && localAddr?.transport === "tcp");
      assert.deepEqual([remoteAddr.port, localAddr.port], [from, to]);
      if (size === 4) {
        assert.deepEqual([remoteAddr.hostname, localAddr.hostname], [
          source.join("."),
          destination.join("."),
        ]);
      }
    }));
  }
});

test("readProxyHeader() says the same of any bytes, however they are cut, and takes no more than there are", () => {
  const byte = fc.nat(255).map((code) => String.fromCharCode(code));
  const rubbish = fc.array(byte, { maxLength: 40 }).map((bytes) => bytes.join(""));
  const beginning = fc.constantFrom(
    "",
    "PROXY ",
    "PROXY TCP4 ",
    CLIENT_V1,
    CLIENT_V2,
    SIGNATURE,
    `${SIGNATURE}\x21`,
  );
  const changed = fc.tuple(fc.constantFrom(CLIENT_V1, CLIENT_V2), fc.nat(60), byte)
    .map(([text, at, byte]) => text.slice(0, at) + byte + text.slice(at + 1));
  const text = fc.oneof(fc.tuple(beginning, rubbish).map((parts) => parts.join("")), changed);
  fc.assert(
    fc.property(text, fc.array(fc.nat(100), { maxLength: 5 }), (text, cuts) => {
      const whole = readInPieces(text, [text.length]);
      assert.deepEqual(readInPieces(text, cutsFrom(cuts, text.length)), whole);
      assert.deepEqual(readInPieces(text, everyByte(text.length)), text === "" ? NEED_MORE : whole);
      if (typeof whole === "object" && "length" in whole) assert.ok(whole.length <= text.length);
    }),
    { numRuns: 500 },
  );
});

/** Reads PROXY headers in pieces, and asserts what comes of them however they are cut. */
import assert from "node:assert/strict";
import type { Addr } from "../../src/api/transport.ts";
import { NEED_MORE } from "../../src/wire/bytes.ts";
import { type ProxyHeader, readProxyHeader } from "../../src/wire/proxy_header.ts";
import { CLIENT_V1, CLIENT_V2 } from "./proxy_headers.ts";
import { everyByte, inMemory, orRefusal, type Refusal } from "../wire/helpers.ts";

/** What was read of a header, so far. */
export type Outcome = ProxyHeader | Refusal | typeof NEED_MORE;
/** What a malformed header gets. */
export const REFUSED: Refusal = { code: "bad_proxy_header", status: 400 };

/** Feeds `text` up to each of `cuts` in turn, until something comes of it. */
export function readInPieces(text: string, cuts: readonly number[]): Outcome {
  for (const cut of cuts) {
    const outcome = orRefusal(() => inMemory(text.slice(0, cut), readProxyHeader));
    if (outcome !== NEED_MORE) return outcome;
  }
  return NEED_MORE;
}

/** What may follow a header. */
const BEHIND = ["GET / HTTP/1.1\r\n", CLIENT_V1, CLIENT_V2, "\r\n", "\n", "\0\xff"];

/** Asserts that `text` is one whole header however it comes, and answers what was read. */
export function readHeader(text: string): ProxyHeader {
  const whole = readInPieces(text, [text.length]);
  assert.ok(typeof whole === "object" && "endpoints" in whole, `${JSON.stringify([text, whole])}`);
  assert.equal(whole.length, text.length, "the header ends elsewhere");
  assert.deepEqual(readInPieces(text, everyByte(text.length)), whole, "differs a byte at a time");
  for (let cut = 0; cut < text.length; cut++) {
    assert.equal(readInPieces(text, [cut]), NEED_MORE, `complete at ${cut}`);
  }
  for (const behind of BEHIND) {
    assert.deepEqual(readInPieces(text + behind, [text.length + behind.length]), whole, `before ${behind}`);
    assert.deepEqual(
      readInPieces(text + behind, [text.length - 1, text.length + 1]),
      whole,
      `before ${behind}`,
    );
  }
  return whole;
}

/** Asserts that `text` is refused however it comes, and already with its last byte. */
export function assertRefused(text: string): void {
  const of = JSON.stringify(text.slice(0, 200));
  for (const behind of ["", ...BEHIND]) {
    const { length } = text + behind;
    assert.deepEqual(readInPieces(text + behind, [length]), REFUSED, `${of} before ${behind}`);
    assert.deepEqual(
      readInPieces(text + behind, everyByte(length)),
      REFUSED,
      `bytewise: ${of} before ${behind}`,
    );
  }
}

/** As `assertRefused`, and not before its last byte. */
export function assertRefusedAtEnd(text: string): void {
  assertRefused(text);
  const { length } = text;
  assert.equal(readInPieces(text, everyByte(length - 1)), NEED_MORE, JSON.stringify(text.slice(0, 200)));
}

/** An address of TCP. */
export function tcp(hostname: string, port: number): Addr {
  return { transport: "tcp", hostname, port };
}

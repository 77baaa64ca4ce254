/**
 * Every response of the table is sent as the platform's own is.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { get, post } from "../../support/memory.ts";
import { responseCases } from "../../support/response_cases.ts";
import { GETS, PlatformResponse, see } from "./harness.ts";

function nameOf(error: unknown): string {
  return (error as Error).name;
}

/** Fails unless both texts are one; says where they part. */
function assertSameText(actual: string, expected: string): void {
  if (actual === expected) return;
  let at = 0;
  while (actual[at] === expected[at]) at++;
  const around = (text: string): string => text.slice(Math.max(0, at - 300), at + 300);
  assert.equal(around(actual), around(expected), `of ${actual.length} and ${expected.length} bytes`);
}

/** Each multipart body has a boundary of its own. */
function withoutBoundary(wire: string): string {
  for (const [, boundary] of wire.matchAll(/--(\S+)\r\nContent-Disposition/gi)) {
    wire = wire.replaceAll(boundary, "*");
  }
  return wire;
}

/** An answer to HEAD may leave out how long the body is. */
function withoutLength(wire: string): string {
  return withoutBoundary(wire).replace(/^(?:content-length|transfer-encoding): .*\r\n|boundary=.*/gim, "");
}

/** What to ask for each response, and what of the answers does not count. */
const ASKS: readonly [method: string, requests: string, common: (answers: string) => string][] = [
  ["GET", GETS, withoutBoundary],
  ["GET", "GET / HTTP/1.0\r\n\r\n", withoutBoundary],
  ["POST", post("unread") + get(), withoutBoundary],
  ["HEAD", get().replace("GET", "HEAD").repeat(2), withoutLength],
];

/**
 * Registers the tests.
 *
 * @param readable gives what of answers to `method` shall be the same as of a platform's response
 */
export function testSameBytes(
  kind: string,
  readable: (wire: string, method: string) => string,
): void {
  for (const [name, make] of responseCases) {
    test(`${kind}: ${name} is sent as by the platform's Response`, async () => {
      for (const [method, requests, common] of ASKS) {
        if (method === "HEAD" && name.includes("FormData")) continue; // that is apart, below
        const theirs = await see(() => make(PlatformResponse), requests);
        const expected = common(readable(theirs.wire, method));
        for (const fetch of [() => make(Response), async () => (await null, make(Response))]) {
          const ours = await see(fetch, requests);
          assertSameText(common(readable(ours.wire, method)), expected);
          assert.deepEqual(ours.errors.map(nameOf), theirs.errors.map(nameOf));
          assert.equal(ours.calls, theirs.calls);
        }
      }
    });
  }
}

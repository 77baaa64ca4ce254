/** Text is encoded behind its head: the length that the head says is that of its bytes, whatever they are. */
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { concat } from "../support/bytes.ts";
import { connect, get, parseResponses } from "../support/memory.ts";

function answers(text: string, method = "GET", fields: Record<string, string> = {}): Uint8Array {
  const { client, errors } = connect({ exchange: (x) => x.respond(200, fields, text) });
  client.send(get().replace("GET", method) + get().replace("GET", method));
  assert.deepEqual(errors, []);
  return concat(client.written);
}

/** Checks both answers; `parseResponses` counts bytes. */
function assertAnswers(text: string): void {
  const bytes = new TextEncoder().encode(text);
  const responses = parseResponses(new TextDecoder().decode(answers(text)));
  assert.equal(responses.length, 2);
  for (const { headers, body } of responses) {
    assert.equal(headers.get("content-length"), String(bytes.length));
    assert.ok(body === new TextDecoder().decode(bytes), "the body is the text");
  }
}

const UNITS = ["a", "é", "漢", "😀", "\ud800", "\udc00"];

for (
  const count of [
    0,
    1,
    63,
    64,
    65,
    999,
    1000,
    1023,
    1024,
    9_999,
    16_000,
    16_384,
    65_535,
    65_536,
    65_537,
    200_000,
  ]
) {
  test(`text of ${count} code units, of one to four bytes each`, () => {
    for (const unit of UNITS) assertAnswers(unit.repeat(count / unit.length));
    // One more digit, by the last character.
    if (count > 0) assertAnswers("a".repeat(count - 1) + "é");
  });
}

test("text of any kind", () => {
  const text = fc.array(fc.tuple(fc.constantFrom(...UNITS), fc.nat(3_000)), { maxLength: 8 })
    .map((runs) => runs.map(([unit, count]) => unit.repeat(count)).join(""));
  fc.assert(fc.property(text, assertAnswers), { numRuns: 200 });
});

test("the answer to HEAD says the length that the answer to GET has", () => {
  for (const text of ["é".repeat(10_000), "漢".repeat(65_000)]) {
    const wire = new TextDecoder().decode(answers(text, "HEAD"));
    assert.match(wire, new RegExp(`content-length: ${new TextEncoder().encode(text).length}\r\n`));
    assert.ok(wire.endsWith("\r\n\r\n"));
  }
});

test("205 refuses a body, whatever content-length says, and leaves other responses alone", () => {
  for (const body of ["short", "é".repeat(100), new Uint8Array(10)]) {
    const { client, errors } = connect({
      exchange(x) {
        if (x.target === "/205") x.respond(205, { "content-length": "0" }, body);
        else x.respond(200, {}, "é".repeat(100));
      },
    });
    client.send(get("/200") + get("/205") + get("/200"));
    const responses = parseResponses(new TextDecoder().decode(concat(client.written)));
    assert.deepEqual(responses.map(({ status }) => status), [200, 500, 200]);
    assert.equal(responses[0].headers.get("content-length"), "200");
    assert.ok(errors[0] instanceof TypeError);
  }
});

test("a content-length of the handler's that is right is taken, and one that is wrong is refused", () => {
  const text = "é".repeat(500);
  assert.match(
    new TextDecoder().decode(answers(text, "GET", { "content-length": "1000" })),
    /content-length: 1000\r\n/,
  );
  for (const length of ["500", "999", "1001"]) {
    const { client, errors } = connect({
      exchange: (x) => x.respond(200, { "content-length": length }, text),
    });
    client.send(get());
    assert.ok(errors[0] instanceof TypeError);
    assert.match(
      (errors[0] as Error).message,
      new RegExp(`content-length says ${length}, but the body has 1000 bytes`),
    );
    assert.match(client.text(), /^HTTP\/1\.1 500 /);
    assert.equal(parseResponses(client.text()).length, 1);
  }
});

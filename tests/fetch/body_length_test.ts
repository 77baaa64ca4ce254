/** A body whose length is known is sent with it, and HEAD tells it; a content-length that contradicts it does not hold. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { FastResponse } from "../../src/fetch/fast_response.ts";
import { NativeResponse } from "../../src/fetch/response_override.ts";
import { connect, get, type ParsedResponse, parseResponses } from "../support/memory.ts";

async function ask(
  make: () => Response,
  method = "GET",
): Promise<ParsedResponse & { readonly errors: readonly unknown[] }> {
  let over!: () => void;
  const isOver = new Promise<void>((resolve) => over = resolve);
  const { client, errors } = connect({
    fetch(_request, info) {
      info.completed.then(over, over);
      return make();
    },
  });
  client.send(get().replace("GET", method));
  await isOver;
  return { ...parseResponses(client.text(), [method])[0], errors };
}

const MEBIBYTE = 1024 * 1024;

const KNOWN: Record<string, readonly [body: () => BodyInit, length: number, type: string | undefined]> = {
  "a Blob": [() => new Blob(["grün"]), 5, undefined],
  "a Blob with a type": [() => new Blob(["hello"], { type: "text/css" }), 5, "text/css"],
  "a large Blob": [() => new Blob(["x".repeat(MEBIBYTE)]), MEBIBYTE, undefined],
  "a File": [() => new File(["hello"], "a.bin"), 5, undefined],
  "URLSearchParams": [
    () => new URLSearchParams({ a: "ü" }),
    8,
    "application/x-www-form-urlencoded;charset=UTF-8",
  ],
};

const KINDS: Record<string, typeof Response> = {
  Response: class extends Response {},
  FastResponse: FastResponse as unknown as typeof Response,
};

for (const [kind, R] of Object.entries(KINDS)) {
  const make = kind === "Response"
    ? (body: BodyInit, init?: ResponseInit): Response => new Response(body, init)
    : (body: BodyInit, init?: ResponseInit): Response => new R(body, init);

  for (const [what, [body, length, type]] of Object.entries(KNOWN)) {
    test(`${kind}: ${what} is sent with its length, which HEAD tells, too`, async () => {
      const ways = [() => make(body()), () => make(body(), { status: 201 })];
      if (kind === "Response" || body() instanceof Blob) ways.push(() => make(body()).clone());
      for (const way of ways) {
        for (const method of ["GET", "HEAD"]) {
          const { headers, body: sent, errors } = await ask(way, method);
          assert.deepEqual(errors, []);
          assert.equal(headers.get("content-length"), String(length), method);
          assert.equal(headers.get("transfer-encoding"), undefined);
          assert.equal(headers.get("content-type")?.split(";charset=utf-8")[0], type);
          assert.equal(new TextEncoder().encode(sent).length, method === "GET" ? length : 0);
        }
      }
    });
  }

  test(`${kind}: an empty Blob is sent as a body of no bytes`, async () => {
    const { status, headers, body, errors } = await ask(() => make(new Blob([])));
    assert.deepEqual([status, headers.get("content-length"), body, errors], [200, "0", "", []]);
  });

  const bodies: Record<string, [body: () => BodyInit | null, text: string]> = {
    "text": [() => "hello", "hello"],
    "an empty text": [() => "", ""],
    "bytes": [() => new TextEncoder().encode("hello"), "hello"],
    "many bytes": [() => new Uint8Array(100_000).fill(97), "a".repeat(100_000)],
    "a Blob": [() => new Blob(["hello"]), "hello"],
    "URLSearchParams": [() => new URLSearchParams("a=1"), "a=1"],
    "no body": [() => null, ""],
  };
  for (const [what, [body, text]] of Object.entries(bodies)) {
    test(`${kind}: ${what} with a content-length that contradicts it is sent with the right one`, async () => {
      for (const wrong of ["4", "1000000", "much"]) {
        const init = { headers: { "content-length": wrong, "x-a": "1" } };
        const response = await ask(() => make(body()!, init));
        assert.deepEqual(response.errors, []);
        assert.equal(response.status, 200);
        assert.equal(response.headers.get("content-length"), String(text.length));
        assert.equal(response.headers.get("x-a"), "1");
        assert.equal(response.body, text);
      }
    });
  }

  test(`${kind}: a content-length for HEAD, without a body, holds`, async () => {
    const { headers } = await ask(() => make(null!, { headers: { "content-length": "1234" } }), "HEAD");
    assert.equal(headers.get("content-length"), "1234");
  });
}

test("a platform's Response of before the first fetch handler has its length corrected, too", async () => {
  const { headers, body, errors } = await ask(() =>
    new NativeResponse("hello", { headers: { "content-length": "4" } })
  );
  assert.deepEqual([headers.get("content-length"), body, errors], ["5", "hello", []]);
});

test("a large Blob is streamed: what a slow client does not take is not read", async () => {
  const chunk = new Uint8Array(MEBIBYTE);
  const blob = new Blob(Array.from({ length: 32 }, () => chunk));
  for (const make of [() => new Response(blob), () => new FastResponse(blob)]) {
    const { client } = connect({ fetch: make });
    client.takesWrites = false;
    client.send(get());
    for (let i = 0; i < 50; i++) await new Promise((resolve) => setTimeout(resolve));
    const written = client.written.reduce((sum, { length }) => sum + length, 0);
    assert.ok(written < blob.size / 2, `${written} bytes were read for nobody`);
    client.reset();
  }
});

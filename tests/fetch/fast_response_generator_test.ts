/** FastResponse of async iterables: what every platform's `Response` takes, or not. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { FastResponse } from "../../mod.ts";
import { quiet } from "../support/fetch_answers.ts";
import { connect, get, parseResponses } from "../support/memory.ts";
import { ask, encode } from "../support/response_bodies.ts";

async function* generate(...pieces: (string | Uint8Array)[]): AsyncGenerator<string | Uint8Array> {
  for (const piece of pieces) {
    await null;
    yield piece;
  }
}

test("FastResponse sends an async generator of text and bytes", async () => {
  const { client, errors } = await ask(() => new FastResponse(generate("grün ", encode("wie "), "", "Gras")));
  assert.deepEqual(errors, []);
  assert.equal(parseResponses(client.text())[0].body, "grün wie Gras");
  const typed = await ask(() => new FastResponse(generate("a"), { headers: { "content-type": "text/csv" } }));
  assert.equal(parseResponses(typed.client.text())[0].headers.get("content-type"), "text/csv");
});

test("FastResponse sends any async iterable, with return() or without", async () => {
  const iterable = (): AsyncIterable<string> => {
    let left = 3;
    const next = (): Promise<IteratorResult<string, undefined>> =>
      Promise.resolve(left-- > 0 ? { done: false, value: "piece " } : { done: true, value: undefined });
    return { [Symbol.asyncIterator]: () => ({ next }) };
  };
  const { client, errors } = await ask(() => new FastResponse(iterable()), get() + get());
  assert.deepEqual(parseResponses(client.text()).map(({ body }) => body), [
    "piece piece piece ",
    "piece piece piece ",
  ]);
  assert.deepEqual(errors, []);
  const left = connect({ fetch: () => new FastResponse(iterable()) });
  left.client.send(get().replace("GET", "HEAD"));
  await quiet();
  assert.equal(parseResponses(left.client.text(), ["HEAD"]).length, 1);
  assert.deepEqual(left.errors, []);
});

test("FastResponse runs a generator no further than its client reads, and ends it when that leaves", async () => {
  let yielded = 0;
  let ended = false;
  async function* endless(): AsyncGenerator<Uint8Array> {
    try {
      for (;; yielded++) {
        await null;
        yield new Uint8Array(10_000);
      }
    } finally {
      ended = true;
    }
  }
  const { client, errors } = connect({ fetch: () => new FastResponse(endless()) });
  client.takesWrites = false;
  client.send(get());
  await quiet();
  assert.ok(yielded > 0 && yielded <= 12, `${yielded} pieces of 10 kB were made for nobody`);
  assert.equal(ended, false);
  client.reset();
  await quiet();
  assert.equal(ended, true);
  assert.deepEqual(errors, []);
});

test("FastResponse does not run a generator for HEAD", async () => {
  let ran = false;
  async function* never(): AsyncGenerator<string> {
    ran = true;
    yield "x";
  }
  const { client, errors } = await ask(() => new FastResponse(never()), get().replace("GET", "HEAD"));
  assert.equal(parseResponses(client.text(), ["HEAD"])[0].status, 200);
  assert.deepEqual([ran, errors], [false, []]);
});

test("FastResponse cuts off a generator that throws midway, and one that yields something else", async () => {
  async function* failing(): AsyncGenerator<string> {
    yield "piece";
    await new Promise((resolve) => setImmediate(resolve));
    throw new Error("midway");
  }
  const wrong = generate("piece", "piece", 42 as unknown as string);
  for (const [body, message] of [[failing(), /midway/], [wrong, /Uint8Array/]] as const) {
    const { client, errors, connection } = await ask(() => new FastResponse(body));
    assert.equal(errors.length, 1);
    assert.match(String(errors[0]), message);
    assert.match(client.text(), /5\r\npiece\r\n$/);
    assert.equal(await connection.closed, "handler_error");
  }
});

test("FastResponse of a generator is a Response like any other", async () => {
  const response = new FastResponse(generate("a", encode("b")));
  assert.ok(response instanceof Response);
  const copy = response.clone();
  assert.equal(await response.text(), "ab");
  assert.equal(await copy.text(), "ab");
  assert.equal(response.bodyUsed, true);
});

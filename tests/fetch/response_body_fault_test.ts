/** Streams that fail, or are not what their response says: the response is cut off visibly, and onError is told. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { quiet } from "../support/fetch_answers.ts";
import { connect, get, parseResponses, settled } from "../support/memory.ts";
import { ask, encode, HTTP_1_0, MAKERS, Source, turns } from "../support/response_bodies.ts";

for (const [kind, make] of MAKERS) {
  for (const length of [5, 29, 31, 300]) {
    test(`${kind}: a stream of 30 bytes with content-length ${length} ends the connection, and is told`, async () => {
      const source = new Source(3, 10);
      const headers = { "content-length": String(length) };
      const { client, errors, connection } = await ask(
        () => make(source.stream, { headers }),
        get() + get("/2"),
      );
      await quiet();
      assert.equal(client.closed, true);
      assert.equal(await connection.closed, "handler_error");
      const [head, body] = client.text().split("\r\n\r\n");
      assert.match(head, new RegExp(`content-length: ${length}`));
      assert.ok(body.length <= 30 && body.length < Math.max(length, 30), "what is sent is not a whole body");
      assert.equal(errors.length, 1, "onError is told once");
      assert.match(String(errors[0]), /content-length/);
      if (length < 30) assert.ok(source.cancelled !== undefined || source.pulls > 3, "the source is stopped");
    });
  }

  test(`${kind}: a stream with a header that cannot travel gives a 500, and is cancelled`, async () => {
    const source = new Source(3, 10_000);
    const { client, errors } = await ask(
      () => make(source.stream, { headers: { "content-length": "much" } }),
      get() + get(),
    );
    assert.equal(parseResponses(client.text())[0].status, 500);
    assert.match(String(errors[0]), /content-length/);
    assert.ok(source.cancelled !== undefined);
  });

  test(`${kind}: a stream of something else than bytes ends the connection, and is cancelled`, async () => {
    for (const good of [0, 2]) {
      let left = good;
      let cancelled = false;
      const stream = new ReadableStream({
        pull(controller) {
          controller.enqueue(left-- > 0 ? encode("good") : 42);
        },
        cancel: () => void (cancelled = true),
      }, { highWaterMark: 0 });
      const { client, errors, connection } = await ask(() =>
        make(stream as ReadableStream<Uint8Array<ArrayBuffer>>)
      );
      assert.equal(errors.length, 1);
      assert.ok(errors[0] instanceof TypeError);
      assert.equal(cancelled, true);
      if (good === 0) {
        assert.equal(parseResponses(client.text())[0].status, 500);
      } else {
        assert.match(client.text(), /good\r\n$/);
        assert.equal(await connection.closed, "handler_error");
      }
    }
  });

  for (const before of [0, 1, 3]) {
    test(`${kind}: a stream that errors after ${before} pieces ends visibly, and onError is told`, async () => {
      for (const request of [get(), HTTP_1_0]) {
        let left = before;
        const stream = new ReadableStream<Uint8Array<ArrayBuffer>>({
          async pull(controller) {
            await new Promise((resolve) => setImmediate(resolve));
            if (left-- > 0) controller.enqueue(encode("piece"));
            else controller.error(new Error("midway"));
          },
        }, { highWaterMark: 0 });
        const { client, errors, connection } = await ask(
          () => make(stream),
          request + get("/never"),
        );
        await quiet();
        assert.deepEqual(errors.map((error) => (error as Error).message), ["midway"]);
        const text = client.text();
        assert.doesNotMatch(text, /\r\n0\r\n/, "there is no last chunk");
        assert.match(text, request === HTTP_1_0 ? /\r\n\r\n(piece)*$/ : /\r\n\r\n(5\r\npiece\r\n)*$/);
        assert.equal(client.closed, true);
        // Only a reset tells a body that the close ends from one that was cut off.
        assert.equal(client.wasReset, request === HTTP_1_0);
        assert.equal(await connection.closed, "handler_error");
      }
    });
  }
}

test("a stream that is aborted by something else than its client is told to onError, as any failure", async () => {
  for (const [, make] of MAKERS) {
    const stream = new ReadableStream<Uint8Array<ArrayBuffer>>({
      async pull(controller) {
        await new Promise((resolve) => setImmediate(resolve));
        controller.enqueue(encode("piece"));
        controller.error(new DOMException("the upstream was too slow", "AbortError"));
      },
    }, { highWaterMark: 0 });
    const { client, errors, connection } = await ask(() => make(stream));
    await quiet();
    assert.deepEqual(errors.map((error) => (error as Error).message), ["the upstream was too slow"]);
    assert.equal(client.closed, true);
    assert.equal(await connection.closed, "handler_error");
  }
});

test("a response that onError gives is cut off, too, where its stream fails", async () => {
  const failing = (): ReadableStream =>
    new ReadableStream({
      async pull(controller) {
        await new Promise((resolve) => setImmediate(resolve));
        controller.enqueue(encode("sorry"));
        controller.error(new Error("the page is broken"));
      },
    }, { highWaterMark: 0 });
  const { error } = console;
  const printed: unknown[] = [];
  console.error = (...args) => void printed.push(...args);
  try {
    const onError = (): Response => new Response(failing(), { status: 503 });
    const { client, connection } = await ask(() => Promise.reject(new Error("no database")), get(), {
      onError,
    });
    await quiet();
    assert.match(client.text(), /^HTTP\/1\.1 503 /);
    assert.equal(client.closed, true);
    assert.equal(await connection.closed, "handler_error");
    assert.match(String(printed), /the page is broken/);
  } finally {
    console.error = error;
  }
});

test("a stream that fails while its first piece waits for the client is told to onError, and to nobody else", async () => {
  const { client, errors } = connect({
    fetch(_request, info) {
      info.sendTrailers({ "x-sum": "1" });
      let pulls = 0;
      return new Response(
        new ReadableStream({
          pull(controller) {
            if (pulls++ === 0) controller.enqueue(new Uint8Array(100_000));
            else controller.error(new Error("upstream failed"));
          },
        }, { highWaterMark: 0 }),
      );
    },
  });
  client.takesWrites = false;
  client.send(get());
  // An unhandled rejection would fail the file.
  await turns();
  client.drain();
  await settled();
  assert.match(String(errors[0]), /upstream failed/);
  assert.equal(client.closed, true);
});

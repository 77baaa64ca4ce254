/** The responses of fetch handlers, by `Response` and by `FastResponse`, as they are sent. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { FastResponse } from "../../mod.ts";
import { ConnectionError } from "../../src/api/errors.ts";
import { ask, quiet } from "../support/fetch_answers.ts";
import { connect, get, type ParsedResponse, parseResponses } from "../support/memory.ts";

/** The same test for each kind of `Response`. */
for (const kind of ["Response", "FastResponse"] as const) {
  // As in an app, the global is looked up when it is used.
  const make = (): typeof Response => kind === "Response" ? Response : FastResponse as typeof Response;
  const answer = async (body?: BodyInit | null, init?: ResponseInit): Promise<ParsedResponse> => {
    const { responses, errors } = await ask(() => new (make())(body, init));
    assert.deepEqual(errors, []);
    assert.equal(responses.length, 1);
    return responses[0];
  };

  test(`${kind} with text is sent with type and length`, async () => {
    const { status, headers, body } = await answer("grün", { status: 201, headers: { "x-a": "b" } });
    assert.equal(status, 201);
    assert.match(headers.get("content-type")!, /^text\/plain;\s?charset=utf-8$/i);
    assert.equal(headers.get("content-length"), "5");
    assert.equal(headers.get("x-a"), "b");
    assert.equal(body, "grün");
  });

  test(`${kind} with a content-type of yours keeps it`, async () => {
    for (
      const headers of [
        { "Content-Type": "text/html" },
        [["content-type", "text/html"]] as [string, string][],
        new Headers({ "content-type": "text/html" }),
      ]
    ) {
      assert.equal((await answer("<p>", { headers })).headers.get("content-type"), "text/html");
    }
  });

  test(`${kind} without a body is sent with length 0, and 204 without`, async () => {
    assert.equal((await answer(null)).headers.get("content-length"), "0");
    assert.equal((await answer(undefined)).headers.get("content-length"), "0");
    assert.equal((await answer(null, { status: 204 })).headers.has("content-length"), false);
    assert.equal((await answer("")).headers.get("content-length"), "0");
  });

  test(`${kind} with bytes, a Blob, URLSearchParams and FormData is sent`, async () => {
    assert.equal((await answer(new Uint8Array([104, 105]))).body, "hi");
    assert.equal((await answer(new Uint8Array([104, 105]).buffer)).body, "hi");
    const blob = await answer(new Blob(["blob"], { type: "text/css" }));
    assert.match(blob.headers.get("content-type")!, /^text\/css/);
    assert.equal(blob.body, "blob");
    assert.equal((await answer(new URLSearchParams({ a: "1" }))).body, "a=1");
    const form = new FormData();
    form.set("field", "value");
    const sent = await answer(form);
    assert.match(sent.headers.get("content-type")!, /^multipart\/form-data; ?boundary=/);
    assert.match(sent.body, /name="field"\r\n\r\nvalue\r\n/);
  });

  test(`${kind} with a stream is sent as it comes`, async () => {
    let send!: (text: string | null) => void;
    const stream = new ReadableStream<Uint8Array>({
      start(controller) {
        send = (text) =>
          text === null ? controller.close() : controller.enqueue(new TextEncoder().encode(text));
      },
    });
    const { client } = connect({ fetch: () => new (make())(stream) });
    client.send(get());
    send("first ");
    await quiet();
    assert.match(client.text(), /transfer-encoding: chunked[^]*6\r\nfirst \r\n$/);
    send("second");
    send(null);
    await quiet();
    assert.equal(parseResponses(client.text())[0].body, "first second");
  });

  test(`${kind} with several Set-Cookie sends a line each`, async () => {
    const headers = new Headers();
    headers.append("set-cookie", "a=1");
    headers.append("set-cookie", "b=2");
    const { client } = await ask(() => new (make())("x", { headers }));
    assert.match(client.text(), /set-cookie: a=1\r\n[^]*set-cookie: b=2\r\n/);
  });

  test(`${kind} to HEAD sends no body`, async () => {
    const { responses } = await ask(() => new (make())("hello"), get().replace("GET", "HEAD") + get());
    assert.equal(responses[0].body, "");
    assert.equal(responses[1].body, "hello");
  });

  test(`${kind}.json() and redirect() are sent`, async () => {
    const { responses: [json] } = await ask(() =>
      make().json({ a: 1 }, { status: 202, headers: { "x-a": "b" } })
    );
    assert.equal(json.status, 202);
    assert.match(json.headers.get("content-type")!, /^application\/json/);
    assert.equal(json.headers.get("x-a"), "b");
    assert.equal(json.body, '{"a":1}');
    const { responses: [redirect] } = await ask(() => make().redirect("http://a.example/b"));
    assert.deepEqual([redirect.status, redirect.headers.get("location")], [302, "http://a.example/b"]);
  });

  test(`a ${kind} that was read, cloned or changed is sent as it is then`, async () => {
    const { responses } = await ask(async () => {
      const response = new (make())("hello");
      response.headers.set("x-later", "yes");
      assert.equal(await response.clone().text(), "hello");
      return response;
    });
    assert.equal(responses[0].body, "hello");
    assert.equal(responses[0].headers.get("x-later"), "yes");
  });

  test(`a ${kind} that was used up gives a 500`, async () => {
    const used = new (make())("once");
    await used.text();
    const { responses, errors } = await ask(() => used, get() + get());
    assert.deepEqual(responses.map(({ status }) => status), [500, 500]);
    assert.match(String(errors[0]), /used/);
  });
}

test("FastResponse is a Response, with every member of it", async () => {
  const response = new FastResponse("hello", { status: 202, headers: { a: "b" } });
  assert.ok(response instanceof Response);
  assert.ok(response instanceof FastResponse);
  assert.deepEqual([response.ok, response.status, response.type, response.bodyUsed], [
    true,
    202,
    "default",
    false,
  ]);
  assert.equal(response.headers.get("a"), "b");
  assert.ok(response.body instanceof ReadableStream);
  assert.equal(await response.text(), "hello");
  assert.equal(response.bodyUsed, true);
  assert.throws(() => new FastResponse("x", { status: 99 }), RangeError);
  assert.throws(() => new FastResponse("x", { status: 204 }), TypeError);
  assert.throws(() => FastResponse.json(undefined), TypeError);
});

test("a stream whose client went away is cancelled", async () => {
  let cancelled: unknown;
  const { client, errors } = connect({
    fetch: () =>
      new Response(
        new ReadableStream({
          start: (controller) => controller.enqueue(new Uint8Array(10)),
          cancel: (reason) => void (cancelled = reason),
        }),
      ),
  });
  client.send(get());
  await quiet();
  client.reset();
  await quiet();
  assert.ok(cancelled instanceof ConnectionError);
  assert.deepEqual(errors, []);
});

test("a stream is pulled no faster than the client takes it", async () => {
  let pulled = 0;
  const { client } = connect({
    fetch: () =>
      new Response(
        new ReadableStream({
          pull(controller) {
            if (++pulled > 20) controller.close();
            else controller.enqueue(new Uint8Array(64 * 1024));
          },
        }, { highWaterMark: 0 }),
      ),
  });
  client.takesWrites = false;
  client.send(get());
  await quiet();
  assert.ok(pulled <= 3, `${pulled} chunks were pulled`);
  client.drain();
  await quiet();
  assert.equal(parseResponses(client.text())[0].body.length, 20 * 64 * 1024);
});

test("a stream that errors midway ends the connection without a clean end", async () => {
  const { client, errors } = connect({
    fetch: () =>
      new Response(
        new ReadableStream({
          start: (controller) => controller.enqueue(new Uint8Array(1)),
          async pull(controller) {
            await quiet();
            controller.error(new Error("source broke"));
          },
        }),
      ),
  });
  client.send(get() + get());
  await quiet();
  await quiet();
  assert.doesNotMatch(client.text(), /\n0\r\n\r\n$/);
  assert.equal(client.closed, true);
  assert.match(String(errors[0]), /source broke/);
});

test("a header that cannot travel gives a 500", async () => {
  const { responses } = await ask(() => new FastResponse("x", { headers: { "x-a": "a\r\nb: c" } }));
  assert.deepEqual(responses.map(({ status }) => status), [500]);
});

test("a stream that is answered after the client went away is cancelled", async () => {
  let cancelled = false;
  let answer!: (response: Response) => void;
  const { client, errors } = connect({ fetch: () => new Promise<Response>((resolve) => answer = resolve) });
  client.send(get());
  client.reset();
  answer(new Response(new ReadableStream({ cancel: () => void (cancelled = true) })));
  await quiet();
  assert.equal(cancelled, true);
  assert.deepEqual(errors, []);
});

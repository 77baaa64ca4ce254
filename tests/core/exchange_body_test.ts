/** The request body of an exchange: how it is read, dropped and refused. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { ExchangeError, ProtocolError } from "../../src/api/errors.ts";
import { connect, get, parseResponses, post, settled } from "../support/memory.ts";

test("the body is read as bytes, text and JSON, whole or in pieces", async () => {
  const read: unknown[] = [];
  const { client } = connect({
    async exchange(x) {
      assert.equal(x.hasBody, true);
      if (x.target === "/bytes") read.push([...await x.bytes()]);
      else if (x.target === "/text") read.push(await x.text());
      else read.push(await x.json());
      x.respond(204);
    },
  });
  const chunked =
    'POST /json HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n4\r\n{"a"\r\n3\r\n:1}\r\n0\r\n\r\n';
  client.send(post("abc", "/bytes"));
  await settled();
  const text = post("grün", "/text").replace("Length: 4", "Length: 5");
  client.send(text.slice(0, -2));
  client.send(text.slice(-2) + chunked);
  await settled();
  await settled();
  assert.deepEqual(read, [[97, 98, 99], "grün", { a: 1 }]);
});

test("the body as a stream takes no more from the client than is read", async () => {
  let reader!: ReadableStreamDefaultReader<Uint8Array>;
  const { client } = connect({
    highWaterMark: 1000,
    exchange: (x) => void (reader = x.stream().getReader()),
  });
  client.send(post("", "/", "").replace("Length: 0\r\n", "Length: 3000"));
  for (let i = 0; i < 3; i++) client.send("x".repeat(1000));
  assert.equal(client.paused, true);
  let length = 0;
  for (;;) {
    const { done, value } = await reader.read();
    if (done) break;
    length += value.length;
  }
  assert.equal(length, 3000);
  await settled();
});

test("a body can be taken once", async () => {
  const { client } = connect({
    async exchange(x) {
      const first = x.text();
      await assert.rejects(x.text(), ExchangeError);
      assert.throws(() => x.stream(), ExchangeError);
      x.respond(200, {}, await first);
    },
  });
  client.send(post("once"));
  await settled();
  assert.equal(parseResponses(client.text())[0].body, "once");
});

test("a cancelled stream drops the body, and the connection goes on", async () => {
  const { client } = connect({
    async exchange(x) {
      if (x.hasBody) await x.stream().cancel();
      x.respond(200, {}, x.target);
    },
  });
  client.send(post("dropped", "/1") + get("/2"));
  await settled();
  assert.deepEqual(parseResponses(client.text()).map(({ body }) => body), ["/1", "/2"]);
});

test("a stream that was never read errors when the response is complete", async () => {
  let stream!: ReadableStream<Uint8Array>;
  const { client } = connect({
    exchange(x) {
      if (x.hasBody) stream = x.stream();
      x.respond(200, {}, x.target);
    },
  });
  client.send(post("unread", "/1") + get("/2"));
  assert.deepEqual(parseResponses(client.text()).map(({ body }) => body), ["/1", "/2"]);
  await assert.rejects(stream.getReader().read(), ExchangeError);
});

test("a body that is still being read when the response is complete is read to its end", async () => {
  let text: Promise<string> | undefined;
  const { client } = connect({
    exchange(x) {
      if (x.hasBody) text = x.text();
      x.respond(202, {}, x.target);
    },
  });
  const request = post("to the very end", "/1");
  client.send(request.slice(0, -5));
  client.send(request.slice(-5) + get("/2"));
  assert.equal(await text, "to the very end");
  assert.deepEqual(parseResponses(client.text()).map(({ body }) => body), ["/1", "/2"]);
});

test("a chunked body over maxBodyBytes gets 413 while it is read", async () => {
  let failure: unknown;
  const { client } = connect({
    maxBodyBytes: 5,
    exchange: (x) => x.text().then(() => assert.fail(), (error) => void (failure = error)),
  });
  client.send("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n6\r\nsixsix\r\n");
  await settled();
  assert.equal(parseResponses(client.text())[0].status, 413);
  assert.equal(client.ended, true);
  assert.ok(failure instanceof ProtocolError && failure.code === "body_too_large");
});

test("a malformed chunk gets 400, and tells the reader", async () => {
  let failure: unknown;
  const { client } = connect({
    exchange: (x) => x.text().then(() => assert.fail(), (error) => void (failure = error)),
  });
  client.send("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nno\r\n");
  await settled();
  assert.deepEqual(parseResponses(client.text()).map(({ status }) => status), [400]);
  assert.ok(failure instanceof ProtocolError && failure.code === "bad_chunk");
});

test("a client that half-closes in the middle of a body tells the reader, and can be answered", async () => {
  const { client } = connect({
    exchange: (x) => x.text().then(() => assert.fail(), (error) => x.respond(200, {}, error.code)),
  });
  client.send(post("hello").slice(0, -2));
  client.sendEnd();
  await settled();
  assert.equal(parseResponses(client.text())[0].body, "peer_gone");
  assert.equal(client.closed, true);
});

test("a body that was read in part is dropped after the response, and the connection goes on", async () => {
  const { client, errors } = connect({
    async exchange(x) {
      if (x.hasBody) {
        const { value } = await x.stream().getReader().read();
        assert.equal(value!.length, 3);
      }
      x.respond(200, {}, x.target);
    },
  });
  const request = post("first, rest", "/1");
  client.send(request.slice(0, -8));
  await settled();
  client.send(request.slice(-8) + get("/2"));
  await settled();
  assert.deepEqual(errors, []);
  assert.deepEqual(parseResponses(client.text()).map(({ body }) => body), ["/1", "/2"]);
});

test("a kept stream does not touch the body of a later request", async () => {
  let kept: ReadableStream<Uint8Array> | undefined;
  const { client, errors } = connect({
    async exchange(x) {
      if (kept === undefined) {
        kept = x.stream();
        const reader = kept.getReader();
        const read = reader.read();
        reader.releaseLock();
        await read.catch(() => {});
        return x.respond(200, {}, "first");
      }
      await kept.cancel().catch(() => {});
      x.respond(200, {}, await x.text());
    },
  });
  client.send(post("one"));
  await settled();
  client.send(post("two"));
  await settled();
  assert.deepEqual(errors, []);
  assert.deepEqual(parseResponses(client.text()).map(({ body }) => body), ["first", "two"]);
});

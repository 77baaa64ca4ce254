/**
 * Streams as bodies of native `Response` and of `FastResponse`: how they are framed, how fast they are pulled, and
 * how they end.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { FastResponse } from "../../mod.ts";
import { ConnectionError } from "../../src/api/errors.ts";
import type { FetchInfo } from "../../src/api/fetch.ts";
import { quiet } from "../support/fetch_answers.ts";
import { connect, get, parseResponses, settled } from "../support/memory.ts";
import { ask, encode, HTTP_1_0, MAKERS, Source } from "../support/response_bodies.ts";

for (const [kind, make] of MAKERS) {
  for (const type of [undefined, "bytes"] as const) {
    const what = type === "bytes" ? "a byte stream" : "a stream";

    test(`${kind}: ${what} is sent chunked, and the connection goes on`, async () => {
      const sources: Source[] = [];
      const { client, errors } = await ask(() => {
        const source = new Source(3, 10_000, type);
        sources.push(source);
        return make(source.stream);
      }, get() + get());
      await quiet();
      const responses = parseResponses(client.text());
      assert.equal(responses.length, 2);
      for (const { headers, body } of responses) {
        assert.equal(headers.get("transfer-encoding"), "chunked");
        assert.equal(headers.has("content-length"), false);
        assert.equal(body, "a".repeat(30_000));
      }
      assert.deepEqual([errors, sources[0].cancelled], [[], undefined]);
    });

    test(`${kind}: ${what} to HTTP/1.0 is ended by the close, and never chunked`, async () => {
      const { client, connection } = await ask(
        () => make(new Source(3, 10_000, type).stream),
        HTTP_1_0.replace("\r\n\r\n", "\r\nConnection: keep-alive\r\n\r\n"),
      );
      const text = client.text();
      assert.doesNotMatch(text, /transfer-encoding|content-length/i);
      assert.match(text, /\r\nconnection: close\r\n\r\na{30000}$/);
      assert.equal(client.ended, true);
      client.sendEnd();
      assert.equal(await connection.closed, "response_close");
    });

    test(`${kind}: ${what} is cancelled unread where the request is a HEAD`, async () => {
      const source = new Source(3, 1000, type);
      const { client, errors } = await ask(() => make(source.stream), get().replace("GET", "HEAD"));
      const [{ headers, body }] = parseResponses(client.text(), ["HEAD"]);
      assert.equal(body, "");
      assert.equal(headers.has("content-length"), false);
      assert.deepEqual([source.pulls, source.cancelled, errors], [0, true, []]);
      client.send(get().replace("GET", "OPTIONS")); // the stream was used up, and so this is a 500
      await quiet();
      assert.equal(parseResponses(client.text(), ["HEAD"])[1].status, 500);
    });

    test(`${kind}: ${what} is pulled no further than a client that does not read allows`, async () => {
      const source = new Source(1_000, 10_000, type);
      const connected = connect({ fetch: () => make(source.stream) });
      connected.client.takesWrites = false;
      connected.client.send(get());
      await quiet();
      assert.ok(source.pulls <= 12, `${source.pulls} pieces of 10 kB were pulled for nobody`);
      const before = source.pulls;
      connected.client.drain();
      connected.client.takesWrites = false;
      await quiet();
      assert.ok(source.pulls > before, "once there is room, more is pulled");
      assert.ok(source.pulls <= before + 12, `${source.pulls - before} more were pulled`);
      connected.connection.close();
    });

    test(`${kind}: ${what} whose client leaves is cancelled with why`, async () => {
      const source = new Source(1_000, 10_000, type);
      let info: FetchInfo | undefined;
      const connected = connect({ fetch: (_, given) => (info = given, make(source.stream)) });
      connected.client.takesWrites = false;
      connected.client.send(get());
      await quiet();
      connected.client.reset();
      await quiet();
      assert.ok(source.cancelled instanceof ConnectionError, `cancelled with ${source.cancelled}`);
      assert.equal(source.cancelled.code, "peer_gone");
      await assert.rejects(info!.completed, ConnectionError);
      assert.deepEqual(connected.errors, [], "which is no failure of the handler");
    });
  }

  test(`${kind}: a stream that is empty, or of one piece, tells its length`, async () => {
    for (const pieces of [0, 1]) {
      const { client } = await ask(() => make(new Source(pieces, 7).stream));
      const [{ headers, body }] = parseResponses(client.text());
      assert.equal(headers.get("content-length"), String(7 * pieces));
      assert.equal(body, "a".repeat(7 * pieces));
    }
  });

  test(`${kind}: an empty piece does not end the body`, async () => {
    const pieces = ["", "a", "", "b", ""];
    const stream = new ReadableStream<Uint8Array<ArrayBuffer>>({
      async pull(controller) {
        const piece = pieces.shift();
        if (piece === undefined) controller.close();
        else controller.enqueue(encode(piece));
        await new Promise((resolve) => setImmediate(resolve));
      },
    });
    const { client } = await ask(() => make(stream));
    await quiet();
    assert.equal(parseResponses(client.text())[0].body, "ab");
  });

  test(`${kind}: a stream of the length that its content-length says is sent as it is`, async () => {
    const headers = { "content-length": "30" };
    const { client, errors } = await ask(
      () => make(new Source(3, 10).stream, { headers }),
      get() + get("/2"),
    );
    const responses = parseResponses(client.text());
    assert.equal(responses.length, 2);
    assert.equal(responses[0].headers.get("content-length"), "30");
    assert.equal(responses[0].headers.has("transfer-encoding"), false);
    assert.equal(responses[0].body, "a".repeat(30));
    assert.deepEqual(errors, []);
  });

  test(`${kind}: server-sent events leave as they are written, and outlive every time but writeTimeout`, async () => {
    let send!: ReadableStreamDefaultController<Uint8Array<ArrayBuffer>>;
    const stream = new ReadableStream<Uint8Array<ArrayBuffer>>({
      start: (controller) => void (send = controller),
    });
    const { client, clock, connection } = await ask(
      () => make(stream, { headers: { "content-type": "text/event-stream" } }),
      get(),
      { idleTimeout: 1_000, headerTimeout: 1_000, requestTimeout: 1_000, writeTimeout: 1_000, maxAge: 1_000 },
    );
    assert.match(client.text(), /\r\n\r\n$/, "the head alone");
    for (let i = 0; i < 5; i++) {
      const event = `data: ${i}\n\n`;
      send.enqueue(encode(event));
      await quiet();
      assert.ok(client.text().endsWith(`\r\n${event.length.toString(16)}\r\n${event}\r\n`), `event ${i}`);
      clock.advance(600_000);
      await settled();
      assert.equal(connection.state, "active");
      assert.equal(client.closed, false);
    }
    send.close();
    await quiet();
    assert.equal(
      parseResponses(client.text())[0].body,
      [0, 1, 2, 3, 4].map((i) => `data: ${i}\n\n`).join(""),
    );
  });
}

test("a streamed piece that is large is handed over uncopied", async () => {
  const large = new Uint8Array(1_000_000).fill(97);
  for (const kind of [Response, FastResponse as typeof Response]) {
    const { client, connection } = connect({
      fetch: () =>
        new kind(
          new ReadableStream({
            pull(controller) {
              controller.enqueue(large);
              if (client.written.length > 3) controller.close();
            },
          }),
        ),
    });
    client.takesWrites = false;
    client.send(get());
    await quiet();
    assert.ok(
      client.written.some(({ buffer, length }) => buffer === large.buffer && length === large.length),
    );
    connection.close();
  }
});

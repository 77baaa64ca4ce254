/**
 * The bodies that fetch handlers give, by native `Response` and by `FastResponse`: how they are framed, how fast
 * they are pulled, and how they end.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { FastResponse } from "../../mod.ts";
import { ConnectionError } from "../../src/api/errors.ts";
import type { ConnectionOptions, FetchInfo } from "../../src/api/options.ts";
import { connect, type Connected, get, parseResponses, settled } from "../support/memory.ts";

/** Resolves once the server has nothing to do: all that is not timed has happened by then. */
async function quiet(): Promise<void> {
  for (let i = 0; i < 20; i++) await new Promise<void>((resolve) => setImmediate(resolve));
}

const encode = (text: string): Uint8Array<ArrayBuffer> => new TextEncoder().encode(text);

const HTTP_1_0 = "GET / HTTP/1.0\r\n\r\n";

/** Connects, and asks with `request` for the response that `answer` makes. */
async function ask(
  answer: (info: FetchInfo, request: Request) => Response | Promise<Response>,
  request = get(),
  options: ConnectionOptions = {},
): Promise<Connected> {
  const connected = connect({ ...options, fetch: (asked, info) => answer(info, asked) });
  connected.client.send(request);
  await quiet();
  return connected;
}

/** A stream that counts, and gives `pieces` pieces of `size` bytes. */
class Source {
  pulls = 0;
  cancelled: unknown = undefined;
  readonly stream: ReadableStream<Uint8Array<ArrayBuffer>>;

  constructor(pieces: number, size: number, type?: "bytes") {
    this.stream = new ReadableStream({
      type: type as undefined,
      pull: (controller) => {
        if (this.pulls++ === pieces) controller.close();
        else controller.enqueue(new Uint8Array(size).fill(97));
        // A byte stream that is closed while somebody waits must answer that request too.
        if (type === "bytes" && this.pulls > pieces) {
          (controller as unknown as ReadableByteStreamController).byobRequest?.respond(0);
        }
      },
      cancel: (reason) => void (this.cancelled = reason ?? true),
    }, { highWaterMark: 0 });
  }
}

for (const kind of ["Response", "FastResponse"] as const) {
  const make = (body?: BodyInit | null, init?: ResponseInit): Response =>
    kind === "Response" ? new Response(body, init) : new FastResponse(body, init);

  test(`${kind}: text, bytes and buffers tell their length, and go on`, async () => {
    for (
      const body of [
        "grün",
        encode("grün"),
        encode("grün").buffer,
        encode("_grün_").subarray(1, 6),
      ] as BodyInit[]
    ) {
      const { client, errors } = await ask(() => make(body), get() + get());
      const responses = parseResponses(client.text());
      assert.equal(responses.length, 2);
      for (const { headers, body } of responses) {
        assert.deepEqual(
          [headers.get("content-length"), headers.get("transfer-encoding"), headers.get("connection"), body],
          ["5", undefined, "keep-alive", "grün"],
        );
      }
      assert.deepEqual(errors, []);
    }
  });

  test(`${kind}: other views are sent as far as they reach`, async () => {
    const memory = encode("_grün_").buffer;
    for (const view of [new DataView(memory, 1, 5), new Int8Array(memory, 1, 5)]) {
      const { client } = await ask(() => make(view as BodyInit));
      assert.equal(parseResponses(client.text())[0].body, "grün");
    }
  });

  test(`${kind}: a Blob and URLSearchParams bring their type`, async () => {
    const blob = parseResponses(
      (await ask(() => make(new Blob(["a", "b"], { type: "text/css" })))).client.text(),
    );
    assert.match(blob[0].headers.get("content-type")!, /^text\/css/);
    assert.equal(blob[0].body, "ab");
    const search = parseResponses((await ask(() => make(new URLSearchParams({ a: "1 &" })))).client.text());
    assert.match(search[0].headers.get("content-type")!, /^application\/x-www-form-urlencoded/);
    assert.equal(search[0].body, "a=1+%26");
  });

  test(`${kind}: FormData can be parsed again`, async () => {
    const form = new FormData();
    form.set("text", "grün");
    form.set("file", new File([new Uint8Array(100_000).fill(98)], "b.bin", { type: "application/x-b" }));
    const { client } = await ask(() => make(form));
    const [{ headers, body }] = parseResponses(client.text());
    const type = headers.get("content-type")!;
    const parsed = await new Response(body, { headers: { "content-type": type } }).formData();
    assert.equal(parsed.get("text"), "grün");
    const file = parsed.get("file") as File;
    assert.deepEqual([file.name, file.size], ["b.bin", 100_000]);
    assert.match(body, /content-type: application\/x-b\r\n/i); // which not every platform's parser keeps
  });

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

  test(`${kind}: a body with a status that has none gives a 500`, async () => {
    for (const status of [204, 205, 304]) {
      // Most platforms' classes refuse to be made like that; Bun's does not.
      const { client, errors } = await ask(() => make("body", { status }), get() + get());
      assert.deepEqual(parseResponses(client.text()).map(({ status }) => status), [500, 500]);
      assert.ok(errors[0] instanceof TypeError || errors[0] instanceof RangeError);
    }
  });

  test(`${kind}: 204, 205 and 304 have no body, and the connection goes on`, async () => {
    for (const [status, length] of [[204, undefined], [205, "0"], [304, undefined]] as const) {
      const { client, errors } = await ask(() => make(null, { status }), get() + get());
      const text = client.text();
      assert.match(text, new RegExp(`^(HTTP/1.1 ${status} [^]*?\r\n\r\n){2}$`));
      assert.doesNotMatch(text, /transfer-encoding/);
      assert.equal(parseResponses(text)[0].headers.get("content-length"), length);
      assert.deepEqual(errors, []);
    }
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

  test(`${kind}: trailers go behind a chunked body, and nowhere else`, async () => {
    for (const body of ["text", encode("text"), new Source(2, 5).stream, null]) {
      const { client, errors } = await ask((info) => {
        info.sendTrailers({ "x-check": "right" });
        return make(body as BodyInit);
      }, get() + get("/2"));
      assert.deepEqual(errors.length, body instanceof ReadableStream ? 1 : 0); // used twice
      const text = client.text();
      if (body === null) assert.doesNotMatch(text, /x-check/);
      else assert.match(text, /transfer-encoding: chunked[^]*\r\n0\r\nx-check: right\r\n\r\nHTTP\/1\.1 /);
    }
    for (const request of [HTTP_1_0, get().replace("GET", "HEAD")]) {
      const { client, errors } = await ask((info) => {
        info.sendTrailers({ "x-check": "right" });
        return make("text");
      }, request);
      assert.deepEqual(errors, []);
      assert.doesNotMatch(client.text(), /x-check|chunked/);
    }
    const known = await ask((info) => {
      info.sendTrailers({ "x-check": "right" });
      return make(new Source(3, 10).stream, { headers: { "content-length": "30" } });
    }, get());
    assert.doesNotMatch(known.client.text(), /x-check|chunked/);
    assert.equal(parseResponses(known.client.text())[0].body, "a".repeat(30));
  });

  test(`${kind}: trailers can be made when the body has ended`, async () => {
    const source = new Source(3, 10);
    const { client } = await ask((info) => {
      info.sendTrailers(() => ({ "x-pulls": source.pulls }));
      return make(source.stream);
    });
    assert.match(client.text(), /\r\n0\r\nx-pulls: 4\r\n\r\n$/);
  });

  test(`${kind}: trailers that must not be any cut the response off, and onError is told`, async () => {
    for (const trailers of [{ "content-length": 1 }, { "x-a": "b\r\nc" }]) {
      const { client, errors, connection } = await ask((info) => {
        info.sendTrailers(trailers);
        return make("text");
      });
      assert.ok(errors[0] instanceof TypeError);
      assert.match(client.text(), /\r\n4\r\ntext\r\n$/);
      assert.equal(await connection.closed, "handler_error");
    }
  });
}

// What every platform's Response takes, or not; FastResponse does.

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

// Large bytes.

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

test("a FastResponse of text has its type also by way of a native one", async () => {
  for (const make of [() => new FastResponse("hi"), () => new FastResponse("hi").clone()]) {
    const { client } = connect({
      fetch(_request, info) {
        info.sendTrailers({ "x-sum": "1" });
        return make();
      },
    });
    client.send(get());
    await turns();
    assert.match(client.text(), /\r\ncontent-type: text\/plain;charset=UTF-8\r\n/i);
  }
});

/** Some turns of the event loop: more than a native body takes to be read. */
async function turns(): Promise<void> {
  for (let i = 0; i < 10; i++) await new Promise((resolve) => setTimeout(resolve));
}

/** Handlers that fail, never answer, answer twice or too late: their stream ends, and the connection lives on. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { Exchange } from "../../src/api/exchange.ts";
import type { ConnectionOptions } from "../../src/api/options.ts";
import { bodyOf, connectHttp2, type Http2Client, request } from "../support/http2_client.ts";
import { settled } from "../support/memory.ts";

function head(peer: Http2Client, stream: number, path: string): void {
  peer.send(peer.headers(stream, request({ method: "HEAD", path })));
}

const failure = new Error("of the handler");

const FAILING: Record<string, ConnectionOptions> = {
  "an exchange handler that throws": {
    exchange() {
      throw failure;
    },
  },
  "an exchange handler that rejects": {
    exchange: () => Promise.reject(failure),
  },
  "a fetch handler that throws": {
    fetch() {
      throw failure;
    },
  },
  "a fetch handler that rejects": {
    fetch: () => Promise.reject(failure),
  },
};

for (const [name, options] of Object.entries(FAILING)) {
  test(`${name} is answered with 500 for its stream alone`, async () => {
    const { peer, errors, connection } = await connectHttp2(options);
    peer.get(1);
    peer.get(3);
    await settled();
    const frames = peer.read();
    for (const id of [1, 3]) {
      const { fields } = frames.find(({ type, stream }) => type === "HEADERS" && stream === id)!;
      assert.deepEqual(fields[0], [":status", "500"]);
    }
    assert.deepEqual(errors, [failure, failure]);
    assert.equal(connection.state, "idle");
  });
}

test("a handler that fails within its response resets the stream with INTERNAL_ERROR", async () => {
  const { peer, errors, connection } = await connectHttp2({
    exchange(x) {
      x.start(200);
      x.write("begun");
      throw failure;
    },
  });
  peer.get(1);
  assert.deepEqual(peer.told(), ["HEADERS 1 200", 'DATA 1 "begun"', "RST_STREAM 1 INTERNAL_ERROR"]);
  assert.deepEqual([errors, connection.state], [[failure], "idle"]);
});

test("a fetch handler whose body fails resets the stream with INTERNAL_ERROR", async () => {
  let controller!: ReadableStreamDefaultController<Uint8Array>;
  const { peer, errors } = await connectHttp2({
    fetch: () => new Response(new ReadableStream({ start: (given) => void (controller = given) })),
  });
  peer.get(1);
  controller.enqueue(new TextEncoder().encode("begun"));
  await settled();
  controller.error(failure);
  await settled();
  assert.deepEqual(peer.told(), ["HEADERS 1 200", 'DATA 1 "begun"', "RST_STREAM 1 INTERNAL_ERROR"]);
  assert.deepEqual(errors, [failure]);
});

test("a handler that fails behind a response without a body leaves nothing under way", async () => {
  const { peer, errors, connection } = await connectHttp2({
    exchange(x) {
      x.start(x.target === "/204" ? 204 : 200);
      throw failure;
    },
  });
  peer.get(1, "/204");
  head(peer, 3, "/");
  assert.deepEqual(peer.told(), ["HEADERS 1 204 end", "HEADERS 3 200 end"]);
  assert.deepEqual([errors.length, connection.state], [2, "idle"]);
});

test("a client that goes away behind a response without a body aborts its handler", async () => {
  for (const end of ["reset", "cancel"] as const) {
    let aborted = false;
    const { peer, client } = await connectHttp2({
      async exchange(x) {
        x.start(200);
        x.signal.addEventListener("abort", () => aborted = true);
        await new Promise(() => {});
      },
    });
    head(peer, 1, "/");
    assert.deepEqual(peer.told(), ["HEADERS 1 200 end"]);
    if (end === "reset") client.reset();
    else peer.cancel(1);
    assert.equal(aborted, true, end);
  }
});

test("an answer that is longer or shorter than its content-length resets the stream", async () => {
  for (const body of ["too long", "sh"]) {
    const { peer, errors, connection } = await connectHttp2({
      exchange(x) {
        x.start(200, { "content-length": 5 });
        x.end(body);
      },
    });
    peer.get(1);
    const told = peer.told();
    assert.equal(told[0], "HEADERS 1 200");
    assert.equal(told.at(-1), "RST_STREAM 1 INTERNAL_ERROR");
    assert.ok(told.every((text) => !text.endsWith(" end")), told.join());
    assert.ok(errors[0] instanceof RangeError);
    assert.equal(connection.state, "idle");
  }
});

test("a second answer throws, and nothing of it is sent", async () => {
  const thrown: unknown[] = [];
  const { peer } = await connectHttp2({
    exchange(x) {
      x.respond(200, {}, "first");
      for (
        const again of [
          () => x.respond(200, {}, "again"),
          () => x.start(200),
          () => x.write("a"),
          () => x.end(),
        ]
      ) {
        try {
          again();
        } catch (error) {
          thrown.push((error as { code: string }).code);
        }
      }
    },
  });
  peer.get(1);
  assert.deepEqual(peer.told(), ["HEADERS 1 200", 'DATA 1 "first" end']);
  assert.deepEqual(thrown, ["over", "over", "over", "over"]);
});

test("an answer that throws leaves nothing behind, and another one can be given", async () => {
  const { peer } = await connectHttp2({
    exchange(x) {
      const wrong: (() => void)[] = [
        () => x.respond(200, { "x-a": "line\nfeed" }),
        () => x.respond(200, { ":status": "200" }),
        () => x.respond(99),
        () => x.respond(200, { "content-length": 9 }, "short"),
        () => x.respond(204, {}, "a body"),
      ];
      for (const answer of wrong) assert.throws(answer);
      x.respond(200, {}, "right");
    },
  });
  peer.get(1);
  peer.get(3);
  assert.deepEqual(peer.told(), [
    "HEADERS 1 200",
    'DATA 1 "right" end',
    "HEADERS 3 200",
    'DATA 3 "right" end',
  ]);
});

test("an answer behind the client's reset does nothing", async () => {
  const waiting: Exchange[] = [];
  const { peer, errors } = await connectHttp2({ exchange: (x) => void waiting.push(x) });
  peer.get(1);
  peer.cancel(1);
  const [x] = waiting;
  assert.equal(x.signal.aborted, true);
  x.respond(200, {}, "too late");
  assert.equal(x.write("too late"), false);
  x.end();
  await assert.rejects(x.ready());
  await settled();
  assert.deepEqual([peer.told(), errors], [[], []]);
});

test("a handler that never settles occupies its stream alone", async () => {
  const { peer, connection } = await connectHttp2({
    exchange: (x) => x.target === "/never" ? new Promise<void>(() => {}) : x.respond(200),
  });
  peer.get(1, "/never");
  for (let id = 3; id < 100; id += 2) peer.get(id);
  assert.equal(peer.told().length, 49);
  assert.equal(connection.state, "active");
});

test("a handler that ends without an answer is answered with 500", async () => {
  const { peer, errors } = await connectHttp2({ exchange: async () => {} });
  peer.get(1);
  await settled();
  assert.equal(peer.told()[0], "HEADERS 1 500");
  assert.equal((errors[0] as { code: string }).code, "unanswered");
});

test("a handler that closes the connection, or its exchange, leaves no answer behind", async () => {
  for (const way of ["connection", "exchange"] as const) {
    const { peer, client, connection, errors, clock } = await connectHttp2({
      exchange(x) {
        if (way === "connection") x.connection.close();
        else x.abort();
        x.respond(200);
      },
    });
    peer.get(1);
    await settled();
    assert.deepEqual(peer.told(), way === "connection" ? [] : ["RST_STREAM 1 INTERNAL_ERROR"]);
    assert.deepEqual([client.closed, errors], [way === "connection", []]);
    if (way === "exchange") continue;
    assert.equal(await connection.closed, "forced");
    assert.equal(clock.timers, 0);
  }
});

test("onStateChange that closes the connection keeps the handler from being called", async () => {
  let calls = 0;
  const { peer, client } = await connectHttp2({
    exchange: () => void calls++,
    onStateChange: (connection, state) => state === "active" && connection.close(),
  });
  peer.get(1);
  assert.deepEqual([client.closed, calls], [true, 0]);
});

test("both forms of handlers see the same request", async () => {
  const fields: [string, string][] = [["x-a", "1"], ["cookie", "a=1"], ["cookie", "b=2"], ["x-a", "2"]];
  const seen: Record<string, unknown>[] = [];
  const options: ConnectionOptions[] = [
    {
      exchange(x) {
        const { method, target, authority, scheme, hasBody } = x;
        seen.push({
          url: `${scheme}://${authority}${target}`,
          method,
          hasBody,
          a: x.header("x-a"),
          c: x.header("cookie"),
        });
        x.respond(200, { "x-b": "3" }, "answer");
      },
    },
    {
      fetch(given) {
        const { method, url, body, headers } = given;
        seen.push({ url, method, hasBody: body !== null, a: headers.get("x-a"), c: headers.get("cookie") });
        return new Response("answer", { headers: { "x-b": "3" } });
      },
    },
  ];
  for (const given of options) {
    const { peer } = await connectHttp2(given);
    peer.get(1, "/path?q", ...fields);
    await settled();
    const frames = peer.read();
    assert.equal(bodyOf(frames, 1), "answer");
    assert.ok(frames[0].fields.some(([name, value]) => name === "x-b" && value === "3"));
  }
  const expected = {
    url: "http://a.example/path?q",
    method: "GET",
    hasBody: false,
    a: "1, 2",
    c: "a=1; b=2",
  };
  assert.deepEqual(seen, [expected, expected]);
});

/** Responses as they are sent (RFC 9113 §8): their fields, what is left out of them, and their frames. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { MemoryTransport } from "../../src/adapters/memory.ts";
import type { Exchange } from "../../src/api/exchange.ts";
import type { ConnectionOptions } from "../../src/api/options.ts";
import {
  bodyOf,
  connectHttp2,
  describe,
  FLAG,
  frame,
  type Http2Client,
  request,
  visit,
} from "../support/http2_client.ts";
import type { Field } from "../support/hpack.ts";
import { get, settled } from "../support/memory.ts";

/** The fields that come to `path`, those of `Date` aside. */
async function fieldsOf(options: ConnectionOptions, path = "/", method = "GET"): Promise<Field[]> {
  const { peer } = await connectHttp2(options);
  peer.send(peer.headers(1, request({ method, path })));
  await settled();
  return peer.read().filter(({ type }) => type === "HEADERS").at(-1)!.fields.filter(([name]) =>
    name !== "date"
  );
}

test("names are in lower case, and what speaks of the connection is left out", async () => {
  const fields = await fieldsOf({
    exchange: (x) =>
      x.respond(200, [
        ["X-Upper", "1"],
        ["Connection", "keep-alive, x-hop"],
        ["Keep-Alive", "timeout=5"],
        ["Proxy-Connection", "keep-alive"],
        ["Transfer-Encoding", "chunked"],
        ["Upgrade", "h2c"],
        ["Set-Cookie", "a=1"],
        ["Set-Cookie", "b=2"],
        ["x-blanks", "  in the middle  "],
      ], "body"),
  });
  assert.deepEqual(fields, [
    [":status", "200"],
    ["x-upper", "1"],
    ["set-cookie", "a=1"],
    ["set-cookie", "b=2"],
    ["x-blanks", "in the middle"],
    ["content-length", "4"],
  ]);
});

test("Date is sent, unless the handler gives one", async () => {
  const { peer } = await connectHttp2({
    exchange: (x) => x.respond(200, x.target === "/" ? {} : { date: "Thu, 01 Jan 1970 00:00:00 GMT" }),
  });
  peer.get(1);
  peer.get(3, "/own");
  const dates = peer.read().map(({ fields }) =>
    fields.filter(([name]) => name === "date").map(([, value]) => value)
  );
  assert.deepEqual(dates, [["Thu, 01 Jan 2026 00:00:01 GMT"], ["Thu, 01 Jan 1970 00:00:00 GMT"]]);
});

test("the first block of a connection tells that no dynamic table is used, whatever it is", async () => {
  const first: ((peer: Http2Client) => void)[] = [
    (peer) => peer.get(1),
    (peer) => peer.get(1, "/hints"),
    (peer) => peer.get(1, `/${"x".repeat(9_000)}`),
  ];
  for (const send of first) {
    const { peer } = await connectHttp2({
      exchange(x) {
        if (x.target === "/hints") x.earlyHints({ link: "</a>" });
        x.respond(200);
      },
    });
    send(peer);
    peer.get(3);
    const blocks = peer.read().filter(({ type }) => type === "HEADERS").map(({ payload }) => payload[0]);
    assert.deepEqual(blocks.map((octet) => octet === 0x20), blocks.map((_, i) => i === 0));
  }
});

test("an answer that failed to be written does not spend the first block", async () => {
  const { peer } = await connectHttp2({
    exchange(x) {
      assert.throws(() => x.respond(200, { "x-a": "\n" }));
      x.respond(200);
    },
  });
  peer.get(1);
  assert.equal(peer.read()[0].payload[0], 0x20);
});

test("204, 304, 205, HEAD and CONNECT tell lengths as they may", async () => {
  const exchange = (x: Exchange): void => {
    switch (x.target) {
      case "/204":
        return x.respond(204);
      case "/205":
        return x.respond(205);
      case "/304":
        return x.respond(304, { "content-length": 9 });
      default:
        return x.respond(200, {}, "four");
    }
  };
  const lengths = async (path: string, method?: string) =>
    (await fieldsOf({ exchange }, path, method)).filter(([name]) => name === "content-length").map((
      [, value],
    ) => value);
  assert.deepEqual(await lengths("/204"), []);
  assert.deepEqual(await lengths("/205"), ["0"]);
  assert.deepEqual(await lengths("/304"), ["9"]);
  assert.deepEqual(await lengths("/", "HEAD"), ["4"]);
  assert.deepEqual(await lengths("/"), ["4"]);
});

test("interim responses come before the final one, as many as there are, and none behind it", async () => {
  const { peer } = await connectHttp2({
    exchange(x) {
      x.interim(102);
      x.earlyHints({ link: "</style.css>; rel=preload" });
      x.respond(200, {}, "done");
      assert.throws(() => x.interim(102));
    },
  });
  peer.get(1);
  const frames = peer.read();
  assert.deepEqual(frames.map(describe), [
    "HEADERS 1 102",
    "HEADERS 1 103",
    "HEADERS 1 200",
    'DATA 1 "done" end',
  ]);
  assert.deepEqual(frames[1].fields, [[":status", "103"], ["link", "</style.css>; rel=preload"]]);
});

test("a status that has no entry in the static table is told as a literal", async () => {
  for (const status of [201, 418, 599, 999]) {
    assert.deepEqual((await fieldsOf({ exchange: (x) => x.respond(status) }))[0], [
      ":status",
      String(status),
    ]);
  }
});

test("trailers that may not be are refused before anything is sent, and none are an empty DATA", async () => {
  const { peer, errors } = await connectHttp2({
    exchange(x) {
      x.start(200);
      if (x.target === "/bad") assert.throws(() => x.end("body", { "content-length": "4" }), TypeError);
      x.end(
        "body",
        x.target === "/none" ? {} : { "x-sum": "9", "Grpc-Status": "0", "upgrade-insecure": "1" },
      );
    },
  });
  peer.get(1, "/bad");
  peer.get(3, "/none");
  assert.deepEqual(peer.told(), [
    "HEADERS 1 200",
    'DATA 1 "body"',
    "HEADERS 1 x-sum=9 grpc-status=0 upgrade-insecure=1 end",
    "HEADERS 3 200",
    'DATA 3 "body" end',
  ]);
  assert.deepEqual(errors, []);
});

test("responses of any form of a fetch handler arrive whole", async () => {
  const text = "é".repeat(1_000);
  const bytes = new TextEncoder().encode(text);
  const forms: (() => Response)[] = [
    () => new Response(text),
    () => new Response(bytes),
    () => new Response(new Blob([text])),
    () => new Response(new Blob([text]).stream()),
    () =>
      new Response(
        new ReadableStream({
          async pull(controller) {
            await settled();
            controller.enqueue(bytes);
            controller.close();
          },
        }),
      ),
  ];
  for (const form of forms) {
    const { peer } = await connectHttp2({ fetch: form });
    peer.get(1);
    const frames = peer.read();
    for (let i = 0; i < 100 && !frames.some(({ flags }) => flags === FLAG.end); i++) {
      await new Promise<void>((resolve) => setImmediate(resolve));
      frames.push(...peer.read());
    }
    assert.equal(bodyOf(frames, 1), text);
  }
});

test("a copy of a request can be read after its response", async () => {
  let copy!: Promise<string>;
  const { peer } = await connectHttp2({
    fetch(given) {
      copy = given.clone().text();
      return new Response("early");
    },
  });
  peer.post(1);
  peer.data(1, "all ");
  await settled();
  peer.data(1, "of it", FLAG.end);
  assert.equal(await copy, "all of it");
  await settled();
  assert.deepEqual(peer.told(), ["HEADERS 1 200", 'DATA 1 "early" end']);
});

test("responses of several streams may come in any order, and in parts between each other", async () => {
  const waiting: Exchange[] = [];
  const { peer } = await connectHttp2({ exchange: (x) => void waiting.push(x) });
  for (const id of [1, 3, 5]) peer.get(id);
  waiting[2].respond(200, {}, "c");
  waiting[0].start(200);
  waiting[0].write("a1");
  waiting[1].respond(200, {}, "b");
  waiting[0].end("a2");
  await settled();
  assert.deepEqual(peer.told(), [
    "HEADERS 5 200",
    'DATA 5 "c" end',
    "HEADERS 1 200",
    'DATA 1 "a1"',
    "HEADERS 3 200",
    'DATA 3 "b" end',
    'DATA 1 "a2" end',
  ]);
});

test("many streams that were refused are remembered: what was on its way for them is passed over", async () => {
  const { peer, client } = await connectHttp2({ exchange: () => {}, http2: { maxConcurrentStreams: 1 } });
  peer.get(1);
  for (let i = 1; i <= 900; i++) peer.post(1 + 2 * i);
  assert.equal(peer.told().filter((text) => text.endsWith("REFUSED_STREAM")).length, 900);
  for (let i = 1; i <= 900; i++) peer.data(1 + 2 * i, "x", FLAG.end);
  assert.equal(client.ended, false);
  peer.send(frame("PING", 0, 0, "12345678"));
  assert.deepEqual(peer.told(), ["PING ack 12345678"]);
});

test("a head is not mixed up with that of another connection that is written to make room for it", async () => {
  const waiting: Exchange[] = [];
  const connected = await connectHttp2({
    exchange: (x) => {
      waiting.push(x);
      if (x.httpVersion !== "2") x.start(200);
    },
  });
  const other = visit(connected);
  /** Its write has the other connection respond. */
  class Acting extends MemoryTransport {
    override write(bytes: Uint8Array, start: number, end: number): boolean {
      const text = new TextDecoder().decode(bytes.subarray(start, end));
      if (text.includes("takes up")) waiting[1].respond(200, { "x-other": "other" }, "other");
      return super.write(bytes, start, end);
    }
  }
  connected.peer.get(1);
  other.get(1);
  const [first] = waiting;
  const clients = Array.from({ length: 128 }, (_, i) => i === 0 ? new Acting() : new MemoryTransport());
  for (const client of clients) {
    connected.server.accept(client);
    client.send(get());
  }
  for (const x of waiting.slice(2)) x.write("what takes up a buffer");
  first.earlyHints({ link: "</first>" });
  assert.match(clients[0].text(), /takes up/);
  await settled();
  const [{ fields }] = connected.peer.read().filter(({ type }) => type === "HEADERS");
  assert.deepEqual(fields, [[":status", "103"], ["link", "</first>"]]);
  assert.equal(bodyOf(other.read(), 1), "other");
});

/** Streams are used again, also by other connections: no request gets anything of another. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { Exchange } from "../../src/api/exchange.ts";
import { bodyOf, connectHttp2, FLAG, frame, request, visit } from "../support/http2_client.ts";
import { settled } from "../support/memory.ts";

/** The octets of DATA, cut behind `count` of its payload. */
function halves(id: number, payload: string, count: number): [Uint8Array, Uint8Array] {
  const bytes = frame("DATA", FLAG.end, id, payload);
  return [bytes.subarray(0, 9 + count), bytes.subarray(9 + count)];
}

/** A POST to `/echo` gets its body, any other an answer before that has come. */
async function echo(x: Exchange): Promise<void> {
  if (x.target === "/echo") x.respond(200, {}, await x.text());
}

const exchange = (x: Exchange): void | Promise<void> => x.target === "/early" ? x.respond(200) : echo(x);

test("the rest of a DATA frame whose stream was ended in the meantime goes to no other request", async () => {
  const first = await connectHttp2({ exchange });
  const other = visit(first);
  first.peer.post(1, "/early");
  const [begin, rest] = halves(1, "poisoned", 3);
  first.peer.send(begin);
  first.clock.advance(2_000); // past the time for which the rest is drained
  assert.deepEqual(first.peer.told(), ["HEADERS 1 200 end", "RST_STREAM 1 NO_ERROR"]);
  other.post(1, "/echo");
  first.peer.send(rest);
  other.data(1, "own", FLAG.end);
  await settled();
  assert.equal(bodyOf(other.read(), 1), "own");
  first.peer.get(3, "/early");
  assert.deepEqual(first.peer.told(), ["HEADERS 3 200 end"], "and its connection lives on");
});

test("the end of a DATA frame whose stream was ended in the meantime ends no other request", async () => {
  const first = await connectHttp2({ exchange });
  const other = visit(first);
  first.peer.post(1, "/early");
  const padded = frame("DATA", FLAG.end | FLAG.padded, 1, "\x02x\0\0");
  first.peer.send(padded.subarray(0, -1));
  first.clock.advance(2_000);
  other.post(1, "/echo");
  first.peer.send(padded.subarray(-1));
  other.data(1, "own", FLAG.end);
  await settled();
  assert.equal(bodyOf(other.read(), 1), "own");
});

test("an exchange that was answered at once gives nothing of the next request on its stream", async () => {
  const kept: Exchange[] = [];
  const fields: IterableIterator<[string, string]>[] = [];
  const { peer } = await connectHttp2({
    exchange(x) {
      kept.push(x);
      fields.push(x.headers());
      x.respond(200);
    },
  });
  peer.get(1, "/first", ["cookie", "mine"]);
  assert.throws(() => kept[0].target, /the exchange is over/);
  assert.throws(() => kept[0].respond(200), /over/);
  peer.get(3, "/next", ["cookie", "hers"]);
  for (const iterator of fields) assert.throws(() => iterator.next(), /the exchange is over/);
});

test("requests that repeat a head, or parts of it, are told apart", async () => {
  const { peer } = await connectHttp2({
    exchange: (x) => x.respond(200, {}, `${x.method} ${x.target} ${x.header("x-a")} ${x.hasBody}`),
  });
  const heads: [string, string, string, number][] = [
    ["GET", "/a", "1", FLAG.end],
    ["GET", "/a", "1", FLAG.end],
    ["GET", "/a", "2", FLAG.end],
    ["GET", "/b", "1", FLAG.end],
    ["POST", "/a", "1", FLAG.end],
    ["POST", "/a", "1", 0],
    ["POST", "/a", "1", FLAG.end],
    ["GET", "/a", "1", FLAG.end],
  ];
  for (let round = 0; round < 4; round++) {
    for (const [i, [method, path, value, flags]] of heads.entries()) {
      const id = 1 + 2 * (i + round * heads.length);
      peer.send(peer.headers(id, request({ method, path }, ["x-a", value]), flags));
      assert.equal(bodyOf(peer.read(), id), `${method} ${path} ${value} ${flags === 0}`);
      if (flags === 0) peer.data(id, "", FLAG.end);
    }
  }
});

test("a block that means other fields once the dynamic table has changed is decoded anew", async () => {
  const { peer } = await connectHttp2({ exchange: (x) => x.respond(200, {}, x.header("x-a")) });
  // Only `x-a` is in the dynamic table, as its newest entry.
  const block = (value: string): Uint8Array =>
    peer.encoder.encode(
      [...request(), ["x-a", value] as const].map(([name, value]) =>
        [name, value, { indexing: name === "x-a" ? "incremental" : "without" }] as const
      ),
    );
  const send = (id: number, bytes: Uint8Array): void =>
    peer.send(frame("HEADERS", FLAG.end | FLAG.endHeaders, id, bytes));
  send(1, block("1"));
  const repeated = block("1");
  send(3, repeated);
  send(5, repeated);
  send(7, block("2"));
  assert.deepEqual(block("2"), repeated, "the octets are the same");
  send(9, repeated);
  const frames = peer.read();
  assert.deepEqual([1, 3, 5, 7, 9].map((id) => bodyOf(frames, id)), ["1", "1", "1", "2", "2"]);
});

test("a handler that goes on after its stream was reset, and late readers, touch no other request", async () => {
  const late: Exchange[] = [];
  const { peer, clock } = await connectHttp2({
    exchange(x) {
      if (x.target !== "/late") return x.respond(200, {}, "own");
      late.push(x);
      return new Promise<void>(() => {});
    },
  });
  peer.post(1, "/late");
  peer.post(3, "/late");
  peer.cancel(1);
  for (let id = 5; id < 50; id += 2) {
    peer.get(id);
    assert.equal(bodyOf(peer.read(), id), "own");
  }
  late[0].respond(200, {}, "too late");
  assert.equal(late[0].target, "/late");
  await assert.rejects(late[0].text());
  clock.advance(0);
  await settled();
  assert.deepEqual(peer.told(), []);
  late[1].respond(200, {}, "in time");
  await settled();
  assert.equal(bodyOf(peer.read(), 3), "in time");
});

test("what an earlier request has set holds for it alone", async () => {
  const { peer, clock } = await connectHttp2({
    requestTimeout: 60_000,
    async exchange(x) {
      if (x.target === "/short") x.setTimeouts({ requestTimeout: 1_000 });
      x.respond(200, {}, await x.text());
    },
  });
  peer.post(1, "/short");
  peer.data(1, "a", FLAG.end);
  await settled();
  peer.post(3, "/");
  clock.advance(30_000);
  peer.data(3, "b", FLAG.end);
  await settled();
  const frames = peer.read();
  assert.deepEqual([bodyOf(frames, 1), bodyOf(frames, 3)], ["a", "b"]);
});

test("a request whose connection was closed before its handler was called aborts no later request's signal", async () => {
  const aborted: boolean[] = [];
  let mustClose = true;
  const first = await connectHttp2({
    onStateChange(connection, state) {
      if (state !== "active" || !mustClose) return;
      mustClose = false;
      connection.close();
    },
    exchange(x) {
      aborted.push(x.signal.aborted);
      x.respond(200);
    },
  });
  first.peer.get(1);
  const other = visit(first);
  other.get(1);
  assert.deepEqual(aborted, [false]);
});

test("a stream that its connection's end has freed, and another request has taken, is not ended for the first one", async () => {
  let victim: ReturnType<typeof visit> | null = null;
  const bodies: string[] = [];
  const first = await connectHttp2({
    onStateChange(_connection, state) {
      if (state !== "draining" || victim === null) return;
      victim.post(1, "/echo");
      victim.data(1, "one ");
    },
    async exchange(x) {
      if (x.target === "/early") return x.respond(200);
      bodies.push(await x.text());
      x.respond(200);
    },
  });
  first.peer.post(1, "/early");
  await settled(); // its handler has ended
  const other = visit(first);
  first.connection.shutdown();
  first.peer.send(frame("PING", FLAG.ack, 0, "goaway 1"));
  victim = other;
  first.peer.data(1, "", FLAG.end);
  await settled();
  assert.deepEqual(bodies, []);
  other.data(1, "and two", FLAG.end);
  await settled();
  assert.deepEqual(bodies, ["one and two"]);
});

/** What asynchronous handlers respond leaves at the end of the turn of the event loop, on all connections together. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { Exchange } from "../../src/api/exchange.ts";
import { MemoryTransport } from "../../src/adapters/memory.ts";
import type { ConnectionOptions, ServeOptions } from "../../src/api/options.ts";
import type { HttpConnection } from "../../src/core/connection.ts";
import { serveSettings } from "../../src/options/settings.ts";
import { HttpServer } from "../../src/server/http_server.ts";
import { FakeClock } from "../support/fake_clock.ts";
import { connect, get, parseResponses, settled } from "../support/memory.ts";

/** As sockets do. */
class BatchingTransport extends MemoryTransport {
  readonly batchesResponses = true;
}

/** `count` clients of one server. */
function connectMany(count: number, options: ConnectionOptions) {
  const { server, clock } = connect(options);
  const clients = Array.from({ length: count }, () => new BatchingTransport());
  const connections: HttpConnection[] = clients.map((client) => server.accept(client));
  return { server, clock, clients, connections };
}

/** The same; the server's handlers are to respond by `waiting`. */
function connectWaiting(count: number) {
  const waiting: Exchange[] = [];
  return { waiting, ...connectMany(count, { exchange: (x) => void waiting.push(x) }) };
}

/** The turn goes on. */
async function microtasks(): Promise<void> {
  for (let i = 0; i < 50; i++) await null;
}

const bodyOf = (client: MemoryTransport): string =>
  parseResponses(client.text()).map(({ body }) => body).join();

test("what is responded in an event leaves with it", () => {
  const { clients: [client] } = connectMany(1, { exchange: (x) => x.respond(200, {}, x.target) });
  client.send(get("/a") + get("/b"));
  assert.equal(bodyOf(client), "/a,/b");
  assert.equal(client.written.length, 1);
});

test("what is responded later leaves at the end of the turn, each in one write", async () => {
  const { clients, connections, waiting } = connectWaiting(3);
  for (const client of clients) client.send(get("/a") + get("/b"));
  for (const x of waiting.splice(0)) x.respond(200, {}, x.target);
  for (const x of waiting) x.respond(200, {}, x.target);
  assert.deepEqual(clients.map(({ written }) => written.length), [0, 0, 0]);
  await settled();
  assert.deepEqual(clients.map(bodyOf), ["/a,/b", "/a,/b", "/a,/b"]);
  assert.deepEqual(clients.map(({ written }) => written.length), [1, 1, 1]);
  assert.deepEqual(connections.map(({ state }) => state), ["idle", "idle", "idle"]);
});

test("a response does not wait for the next request where the turn has lasted for a millisecond", () => {
  const { clients: [first, second], clock, waiting } = connectWaiting(2);
  first.send(get("/a"));
  waiting[0].respond(200, {}, "a");
  assert.equal(first.written.length, 0);
  clock.work(1);
  second.send(get("/b"));
  assert.equal(bodyOf(first), "a");
});

test("nor does it for the next response", () => {
  const { clients: [first, second], clock, waiting } = connectWaiting(2);
  first.send(get("/a"));
  second.send(get("/b"));
  waiting[0].respond(200, {}, "a");
  assert.equal(first.written.length, 0);
  clock.work(1);
  waiting[1].respond(200, {}, "b");
  assert.equal(bodyOf(first), "a");
});

/** Has a response of `client` wait for `ms`, in which the program computes. */
async function holdBack(
  { clock, waiting }: ReturnType<typeof connectWaiting>,
  client: MemoryTransport,
  ms: number,
) {
  client.send(get());
  waiting.at(-1)!.respond(200, {}, "held back");
  clock.work(ms);
  await settled();
}

/** Whether a response of `client` leaves in the turn in which it is complete. */
async function leavesAtOnce({ waiting }: ReturnType<typeof connectWaiting>, client: MemoryTransport) {
  client.send(get());
  const before = client.written.length;
  waiting.at(-1)!.respond(200, {}, "asked");
  const isSent = client.written.length > before;
  await settled();
  assert.match(client.text(), /asked$/);
  return isSent;
}

test("responses that were held back four times by what computes: for a second each leaves at once", async () => {
  const connected = connectWaiting(1);
  const { clients: [client], clock } = connected;
  for (let i = 0; i < 3; i++) await holdBack(connected, client, 5);
  assert.equal(await leavesAtOnce(connected, client), false);
  await holdBack(connected, client, 5);
  assert.equal(await leavesAtOnce(connected, client), true);
  clock.work(999);
  assert.equal(await leavesAtOnce(connected, client), true);
  clock.work(1);
  assert.equal(await leavesAtOnce(connected, client), false);
});

test("as soon as they are held back once more after that second, they leave at once again", async () => {
  const connected = connectWaiting(1);
  const { clients: [client], clock } = connected;
  for (let i = 0; i < 4; i++) await holdBack(connected, client, 5);
  for (let i = 0; i < 50; i++) assert.equal(await leavesAtOnce(connected, client), true);
  clock.work(1_000);
  assert.equal(await leavesAtOnce(connected, client), false);
  await holdBack(connected, client, 5);
  assert.equal(await leavesAtOnce(connected, client), true);
});

/** Has one in `count` responses held back, `times` times; answers after how many of those responses leave at once. */
async function heldBackUntilUnbatched(
  connected: ReturnType<typeof connectWaiting>,
  count: number,
  times: number,
): Promise<number> {
  const { clients: [client] } = connected;
  for (let i = 1; i <= times; i++) {
    await holdBack(connected, client, 5);
    if (await leavesAtOnce(connected, client)) return i;
    for (let j = 2; j < count; j++) await holdBack(connected, client, 1);
  }
  return Infinity;
}

test("where one in five is held back, they come to leave at once, too", async () => {
  assert.equal(await heldBackUntilUnbatched(connectWaiting(1), 5, 50), 7);
});

// As by garbage collections, or a processor that was taken away for a moment.
test("not where one in six is", async () => {
  assert.equal(await heldBackUntilUnbatched(connectWaiting(1), 6, 50), Infinity);
});

test("not where they are held back for less", async () => {
  const connected = connectWaiting(1);
  const { clients: [client] } = connected;
  for (let i = 0; i < 16; i++) await holdBack(connected, client, 4);
  assert.equal(await leavesAtOnce(connected, client), false);
});

test("what a stream has written leaves before the next request is handled, once responses are held back", async () => {
  const connected = connectWaiting(3);
  const { clients: [streaming, computing, other], waiting } = connected;
  streaming.send(get());
  const [x] = waiting;
  x.start(200);
  for (let i = 0; i < 4; i++) await holdBack(connected, computing, 5);
  x.write("event");
  assert.doesNotMatch(streaming.text(), /event/);
  other.send(get());
  assert.match(streaming.text(), /event/);
});

test("a response after a wait leaves at the end of its turn, too", async () => {
  const { clients: [first, second], clock, waiting } = connectWaiting(2);
  first.send(get("/a"));
  second.send(get("/b"));
  clock.work(10);
  for (const x of waiting) x.respond(200, {}, x.target);
  assert.deepEqual([first.written.length, second.written.length], [0, 0]);
  await settled();
  assert.deepEqual([first, second].map(bodyOf), ["/a", "/b"]);
});

test("a connection is idle from the end of the turn on", async () => {
  const { clients: [client], connections: [connection], clock, waiting } = connectWaiting(1);
  client.send(get());
  waiting[0].respond(200);
  clock.work(6000);
  await settled();
  assert.equal(connection.idleSince, clock.now());
});

test("more connections than may wait: the oldest are flushed before", async () => {
  const { clients, connections, waiting } = connectWaiting(300);
  clients.forEach((client, i) => client.send(get(`/${i}`)));
  for (const x of waiting) x.respond(200, {}, x.target);
  assert.deepEqual(
    clients.map(({ written }) => written.length),
    clients.map((_, i) => i < 300 - 128 ? 1 : 0),
  );
  assert.equal(connections[0].engine.output.inUse, 128);
  await settled();
  assert.equal(connections[0].engine.output.inUse, 0);
  clients.forEach((client, i) => assert.equal(bodyOf(client), `/${i}`));
});

test("a connection whose peer takes nothing is not idle at the end of the turn, and not evicted", async () => {
  const { server, clients: [client], connections: [connection], waiting } = connectWaiting(1);
  client.takesWrites = false;
  client.send(get());
  waiting[0].respond(200, {}, "a".repeat(1000));
  await settled();
  assert.equal(connection.state, "active");
  assert.ok(client.unsent() > 1000);
  client.takesWrites = true;
  client.drain();
  assert.equal(connection.state, "idle");
  assert.equal(bodyOf(client), "a".repeat(1000));
  await server.close();
});

for (
  const [what, end] of Object.entries<(connection: HttpConnection) => unknown>({
    "closed": (connection) => connection.close(),
    "evicted": (connection) => connection.evict(false),
    "retired": (connection) => connection.retire(0),
  })
) {
  test(`what is gathered is sent where the connection is ${what} in the same turn`, async () => {
    const { clients: [client], connections: [connection], waiting } = connectWaiting(1);
    client.send(get());
    waiting[0].respond(200, {}, "answer");
    assert.equal(client.written.length, 0);
    end(connection);
    await settled();
    assert.equal(bodyOf(client), "answer");
  });
}

test("a write that closes another connection of the turn, and one that answers on it, lose nothing of others", async () => {
  const { server, clients, connections, waiting } = connectWaiting(4);
  /** What it writes has others do something at once. */
  class Acting extends BatchingTransport {
    override write(bytes: Uint8Array, start: number, end: number): boolean {
      connections[1].close();
      waiting[3].respond(200, {}, "late");
      clients[2].send(get("/again"));
      return super.write(bytes, start, end);
    }
  }
  const acting = new Acting();
  server.accept(acting);
  for (const client of clients) client.send(get());
  acting.send(get());
  waiting[4].respond(200, {}, "first");
  waiting[2].respond(200, {}, "other");
  waiting[1].respond(200, {}, "closed");
  await settled();
  assert.equal(bodyOf(clients[1]), "closed");
  assert.equal(clients[1].closed, true);
  assert.equal(bodyOf(acting), "first");
  assert.equal(bodyOf(clients[2]), "other");
  assert.equal(bodyOf(clients[3]), "late");
  waiting[5].respond(200, {}, "again");
  await settled();
  assert.equal(bodyOf(clients[2]), "other,again");
});

test("info.completed resolves once the response was sent, and not before", async () => {
  const sent: string[] = [];
  let respond!: () => void;
  const { clients: [client] } = connectMany(1, {
    async fetch(_, info) {
      info.completed.then(() => sent.push(client.text()));
      await new Promise<void>((resolve) => respond = resolve);
      return new Response("answer");
    },
  });
  client.send(get());
  respond();
  await settled();
  await settled();
  assert.equal(sent.length, 1);
  assert.match(sent[0], /answer$/);
});

for (const Kind of [MemoryTransport, BatchingTransport]) {
  test(`a stream leaves that is started after a failed respond(): ${Kind.name}`, async () => {
    let waiting!: Exchange;
    const { server } = connect({ exchange: (x) => void (waiting = x) });
    const client = new Kind();
    server.accept(client);
    client.send(get());
    assert.throws(() => waiting.respond(200, { "content-length": "5" }, "too long"), TypeError);
    waiting.start(200);
    waiting.write("event");
    await settled();
    assert.match(client.text(), /event\r\n$/);
  });
}

test("two broadcasts in one turn hold memory for some of the connections, and all get both", async () => {
  const open: Exchange[] = [];
  const { clients } = connectMany(500, {
    exchange(x) {
      x.start(200);
      open.push(x);
    },
  });
  for (const client of clients) client.send(get());
  await settled();
  for (const text of ["first", "second"]) {
    for (const x of open) x.write(text);
    const unsent = clients.filter((client) => !client.text().includes(text)).length;
    assert.ok(unsent <= 128, `${unsent} wait`);
  }
  await settled();
  for (const client of clients) assert.match(client.text(), /first[^]*second/);
});

test("no timeout of a request expires between its response and the end of the turn", async () => {
  let uploading!: Exchange;
  const { server, clients: [client], clock } = connectMany(1, {
    requestTimeout: 1000,
    idleTimeout: 5000,
    async exchange(x) {
      uploading = x;
      x.start(200);
      x.end(await x.text());
    },
  });
  client.send("POST / HTTP/1.1\r\nHost: a.example\r\nContent-Length: 4\r\n\r\n12");
  await settled();
  uploading.write("got: ");
  client.send("34"); // while that waits to be sent
  await microtasks();
  clock.advance(4000);
  await settled();
  assert.equal(bodyOf(client), "got: 1234");
  assert.equal(server.stats().closed.request_timeout, undefined);
  assert.equal(server.stats().idle, 1);
});

for (const end of ["close", "evict"] as const) {
  test(`a body that ends with the connection, and was not sent whole, ends with a failure: ${end}()`, async () => {
    let uploading!: Exchange;
    const { clients: [client], connections: [connection] } = connectMany(1, {
      exchange(x) {
        x.text().catch(() => {}); // the connection goes on until this is there
        uploading = x;
      },
    });
    client.takesWrites = false;
    client.send("POST / HTTP/1.0\r\nContent-Length: 10\r\n\r\n12");
    uploading.start(200);
    uploading.end("as much as there is");
    connection[end](false);
    await settled();
    assert.equal(client.wasReset, true);
  });
}

test("what has responded in this turn is evicted for a newcomer", () => {
  let waiting!: Exchange;
  const options: ServeOptions = { exchange: (x) => void (waiting = x), maxConnections: 1 };
  const server = new HttpServer(options, serveSettings(options), new FakeClock());
  const first = new BatchingTransport();
  server.accept(first);
  first.send(get());
  waiting.respond(200, {}, "answer");
  const newcomer = new BatchingTransport();
  server.accept(newcomer);
  assert.equal(bodyOf(first), "answer");
  assert.equal(server.stats().evicted, 1);
  assert.equal(server.stats().rejected, 0);
});

test("to make room may close the connection that is about to respond", async () => {
  const { server, waiting } = connectWaiting(0);
  const last = (): Exchange => waiting[128];
  /** Its write closes the connection that responds at that moment. */
  class Closing extends BatchingTransport {
    override write(bytes: Uint8Array, start: number, end: number): boolean {
      last().connection.close();
      return super.write(bytes, start, end);
    }
  }
  const clients = Array.from({ length: 129 }, (_, i) => i === 0 ? new Closing() : new BatchingTransport());
  for (const client of clients) server.accept(client);
  for (const client of clients) client.send(get());
  for (const x of waiting) x.respond(200, {}, "answer");
  await settled();
  assert.equal(clients.filter((client) => bodyOf(client) === "answer").length, 128);
  assert.equal(clients[128].text(), "");
});

test("a pipelined request behind backpressure is served although the connection is flushed as it goes on", async () => {
  const { clients: [client], clock, waiting } = connectWaiting(1);
  client.send(get("/a") + get("/b"));
  client.sendEnd();
  client.takesWrites = false;
  waiting[0].respond(200, {}, new Uint8Array(100_000)); // is sent at once; the connection stays in the queue
  clock.work(1);
  client.drain();
  assert.equal(waiting.length, 2);
  waiting[1].respond(200, {}, "b");
  await settled();
  assert.equal(parseResponses(client.text())[1].body, "b");
});

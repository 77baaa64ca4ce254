/**
 * One connection that always has work at hand does not hold the others up.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { MemoryTransport } from "../../src/adapters/memory.ts";
import type { Exchange } from "../../src/api/exchange.ts";
import type { ConnectionOptions } from "../../src/api/options.ts";
import { connect, get, parseResponses, settled } from "../support/memory.ts";
import { FakeClock } from "../support/fake_clock.ts";

/** What a handler takes, in milliseconds. */
const WORK = 1;
const REQUESTS = 400;
/** Longer than one connection may work without letting others have their turn, in milliseconds. */
const NOTICEABLE = 25;

function bodies(client: MemoryTransport): string[] {
  return parseResponses(client.text()).map(({ body }) => body);
}

const targets = Array.from({ length: REQUESTS }, (_, i) => `/${i}`);
const pipelined = targets.map((target) => get(target)).join("");

/** Handlers that answer with the target after some work: at once, or without ever leaving the microtasks. */
function handlers(clock: FakeClock): Record<string, ConnectionOptions> {
  const work = (): void => clock.work(WORK);
  return {
    "a synchronous exchange handler": {
      exchange(x) {
        work();
        x.respond(200, {}, x.target);
      },
    },
    "an asynchronous exchange handler": {
      async exchange(x) {
        await null;
        work();
        x.respond(200, {}, x.target);
      },
    },
    "a synchronous fetch handler": {
      fetch(request) {
        work();
        return new Response(new URL(request.url).pathname);
      },
    },
    "an asynchronous fetch handler": {
      async fetch(request) {
        await null;
        work();
        return new Response(new URL(request.url).pathname);
      },
    },
  };
}

for (const name of Object.keys(handlers(new FakeClock()))) {
  test(`a pipelining client lets others have their turn, with ${name}`, async () => {
    const clock = new FakeClock();
    const { client, connection, server } = connect(handlers(clock)[name], clock);
    const began = clock.now();
    client.send(pipelined);
    await settled();
    const answered = bodies(client).length;
    assert.ok(answered >= 4 && answered < REQUESTS, `${answered} were answered in its turn`);
    assert.ok(clock.now() - began < NOTICEABLE, `its turn took ${clock.now() - began} ms`);
    assert.equal(connection.state, "active", "it is not idle with requests at hand");

    const newcomer = new MemoryTransport();
    server.accept(newcomer);
    newcomer.send(get("/newcomer"));
    await settled();
    assert.deepEqual(bodies(newcomer), ["/newcomer"]);

    for (let turns = 0; bodies(client).length < REQUESTS && turns < REQUESTS; turns++) {
      clock.advance(0);
      await settled();
    }
    assert.deepEqual(bodies(client), targets, "all are answered in their order");
    assert.equal(connection.state, "idle");
  });
}

test("what comes in many pieces in one turn of the loop is one connection's work", async () => {
  const { client, connection, clock } = connect({
    exchange(x) {
      clock.work(WORK / 4);
      x.respond(200, {}, x.target);
    },
  });
  const began = clock.now();
  // Less than a check's worth each: as Node reads a connection again and again while its buffer gets full.
  for (let i = 0; i < REQUESTS; i += 2) client.send(get(targets[i]) + get(targets[i + 1]));
  assert.ok(clock.now() - began < NOTICEABLE, `its turn took ${clock.now() - began} ms`);
  await takeTurns(clock, () => bodies(client).length === REQUESTS);
  assert.deepEqual(bodies(client), targets);
  assert.equal(connection.state, "idle");
});

test("a client that ends behind what waits for its turn gets all its answers", async () => {
  const { client, connection, clock } = connect({
    exchange(x) {
      clock.work(WORK);
      x.respond(200, {}, x.target);
    },
  });
  client.send(pipelined);
  client.sendEnd();
  for (let turns = 0; !client.closed && turns < REQUESTS; turns++) clock.advance(0);
  assert.deepEqual(bodies(client), targets);
  assert.equal(await connection.closed, "client_closed");
});

test("what waits for its turn is bounded by highWaterMark", () => {
  const { client, clock } = connect({
    highWaterMark: 10_000,
    exchange(x) {
      clock.work(WORK);
      x.respond(200);
    },
  });
  client.send(get().repeat(1_000));
  assert.equal(client.paused, true);
  for (let turns = 0; client.paused && turns < 1_000; turns++) clock.advance(0);
  assert.equal(client.paused, false);
});

test("a connection that closes while it waits for its turn stays closed", () => {
  const { client, connection, clock } = connect({
    exchange(x) {
      clock.work(WORK);
      x.respond(200);
    },
  });
  client.send(pipelined);
  client.reset();
  clock.advance(0);
  assert.equal(connection.state, "closed");
  assert.equal(clock.timers, 0);
});

/** Lets turns pass until `isDone`. */
async function takeTurns(clock: FakeClock, isDone: () => boolean): Promise<void> {
  for (let turns = 0; !isDone() && turns < REQUESTS; turns++) {
    clock.advance(0);
    await settled();
  }
  assert.ok(isDone());
}

test("a stream whose source never waits lets others have their turn", async () => {
  let given = 0;
  const { client, clock } = connect({
    fetch: () =>
      new Response(
        new ReadableStream({
          pull(controller) {
            clock.work(WORK);
            controller.enqueue(new TextEncoder().encode("a"));
            if (++given === REQUESTS) controller.close();
          },
        }),
      ),
  });
  const began = clock.now();
  client.send(get());
  for (let i = 0; i < 20; i++) await settled();
  assert.ok(clock.now() - began < NOTICEABLE, `its turn took ${clock.now() - began} ms`);
  await takeTurns(clock, () => client.text().endsWith("0\r\n\r\n"));
  assert.equal(bodies(client)[0].length, REQUESTS);
});

test("a stream that waits for its source does not wait for its turn", async () => {
  let controller!: ReadableStreamDefaultController<Uint8Array>;
  const { client, clock } = connect({
    fetch: () => new Response(new ReadableStream({ start: (given) => void (controller = given) })),
  });
  client.send(get());
  await settled();
  clock.advance(10_000);
  for (let i = 0; i < 40; i++) {
    controller.enqueue(new TextEncoder().encode(`event ${i}`));
    await settled();
    assert.ok(client.text().endsWith(`event ${i}\r\n`), `event ${i} was not sent at once`);
  }
});

test("a stream whose source does not wait any more lets others have their turn", async () => {
  let source!: ReadableStreamDefaultController<Uint8Array>;
  let pulls = 0;
  let hogs = false;
  const { client, clock } = connect({
    fetch: () =>
      new Response(
        new ReadableStream({
          start: (given) => void (source = given),
          pull() {
            if (!hogs || ++pulls > REQUESTS) return;
            clock.work(WORK);
            source.enqueue(new TextEncoder().encode("a"));
          },
        }),
      ),
  });
  client.send(get());
  for (let i = 0; i < 100; i++) {
    await settled();
    clock.advance(10);
    source.enqueue(new TextEncoder().encode("event"));
  }
  hogs = true;
  const began = clock.now();
  for (let i = 0; i < 20; i++) await settled();
  assert.ok(pulls > 1, "it hogs");
  assert.ok(clock.now() - began < NOTICEABLE, `its turn took ${clock.now() - began} ms`);
});

test("a tunnel whose writer never waits lets others have their turn", async () => {
  const { client, clock } = connect({
    async exchange(x) {
      const writer = x.upgrade().writable.getWriter();
      for (let i = 0; i < REQUESTS; i++) {
        clock.work(WORK);
        await writer.write(new TextEncoder().encode("a"));
      }
      await writer.close();
    },
  });
  const began = clock.now();
  client.send(get("/", "Connection: upgrade", "Upgrade: echo"));
  for (let i = 0; i < 20; i++) await settled();
  assert.ok(clock.now() - began < NOTICEABLE, `its turn took ${clock.now() - began} ms`);
  await takeTurns(clock, () => client.ended);
  assert.ok(client.text().endsWith("a".repeat(REQUESTS)));
});

test("write() tells of the client alone: a stream that is slow by itself is not told to wait", async () => {
  const welcome: boolean[] = [];
  let x!: Exchange;
  const { client, clock } = connect({
    exchange(given) {
      x = given;
      x.start(200);
    },
  });
  client.send(get());
  for (let i = 0; i < 100; i++) {
    clock.advance(1_000);
    welcome.push(x.write("an event"));
    await settled();
  }
  assert.ok(welcome.every((isWelcome) => isWelcome));
  x.end();
});

test("chunks of a byte let others have their turn", async () => {
  const CHUNKS = 4_000;
  const { client, clock } = connect({
    async exchange(x) {
      let length = 0;
      for await (const piece of x.chunks()) {
        clock.work(0.01);
        length += piece.length;
      }
      x.respond(200, {}, String(length));
    },
  });
  const began = clock.now();
  client.send(
    "POST / HTTP/1.1\r\nHost: a.example\r\nTransfer-Encoding: chunked\r\n\r\n" +
      "1\r\na\r\n".repeat(CHUNKS) + "0\r\n\r\n",
  );
  for (let i = 0; i < 1_000; i++) await settled();
  assert.ok(clock.now() - began < NOTICEABLE, `its turn took ${clock.now() - began} ms`);
  for (let turns = 0; client.text() === "" && turns < 1_000; turns++) {
    clock.advance(0);
    for (let i = 0; i < 100; i++) await settled();
  }
  assert.deepEqual(bodies(client), [String(CHUNKS)]);
});

test("deadlines that are due together expire in several turns of the loop", () => {
  const { client, clock, server } = connect({
    exchange: (x) => x.respond(200),
    lingerTimeout: 0,
    // Time passes with each, so that what is put off to the next turn is not due in this one.
    onStateChange: (_, state) => state === "closed" && clock.work(1),
  });
  const transports = [client, ...Array.from({ length: 999 }, () => new MemoryTransport())];
  for (const transport of transports.slice(1)) server.accept(transport);
  for (const transport of transports) transport.send(get());
  clock.advance(64_000);
  const open: number[] = [];
  for (let ms = 0; ms < 10_000 && server.stats().open > 0; ms++) {
    clock.advance(0);
    clock.work(1);
    open.push(server.stats().open);
  }
  assert.equal(open.at(-1), 0);
  const most = Math.max(...open.slice(1).map((count, i) => open[i] - count));
  assert.ok(most > 0 && most <= 100, `${most} were closed in one turn`);
  assert.equal(clock.timers, 0);
});

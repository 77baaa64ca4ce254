/**
 * The load test's own promises: that it reconnects, pauses and keeps a rate as it says, and that no request goes
 * missing from its counts. On real sockets, in this process.
 */
import assert from "node:assert/strict";
import { once } from "node:events";
import { type AddressInfo, createServer, type Socket } from "node:net";
import { test } from "node:test";
import { type LoadJob, type LoadResult, runLoad } from "../../bench/load/run.mjs";
import { serve } from "../../mod.ts";
import { sampleServer } from "../support/sample_server.ts";

/** Milliseconds by which a timer may be early. */
const EARLY = 1.5;
/** Milliseconds until an answer counts as missing: an answer that comes is there long before. */
const TIMEOUT = 5_000;
const ANSWER = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

/** What there is on a socket when its `count`th request has come, as connection number `connection`. */
type Behave = (socket: Socket, count: number, connection: number) => void;

/** What the job of a test says nothing of. */
const JOB = { connections: 2, amount: 20, timeout: TIMEOUT };

/** Loads a server that behaves so. */
async function load(
  behave: Behave,
  job: Partial<LoadJob> = {},
  hooks: { signal?: AbortSignal } = {},
): Promise<LoadResult> {
  let connections = 0;
  const server = createServer((socket) => {
    const connection = ++connections;
    let count = 0;
    socket.on("error", () => {}).on("data", () => behave(socket, ++count, connection));
  });
  await once(server.listen(0, "127.0.0.1"), "listening");
  const { port } = server.address() as AddressInfo;
  try {
    return await runLoad({ url: `http://127.0.0.1:${port}/`, ...JOB, ...job }, hooks);
  } finally {
    server.close();
  }
}

/** Asserts what became of the requests; what is not named is 0. */
function assertCounts(result: LoadResult, counts: Partial<LoadResult>): void {
  const { sent, ok, other, errors, timeouts, lost, endedIdle } = result;
  assert.deepEqual(
    { sent, ok, other, errors, timeouts, lost, endedIdle },
    { sent: 20, ok: 0, other: 0, errors: {}, timeouts: 0, lost: 0, endedIdle: 0, ...counts },
  );
}

test("runLoad() keeps its connections, and with `reconnect` takes one for each request", async () => {
  await using sample = await sampleServer("exchange");
  const job = { ...JOB, url: sample.url("/"), connections: 5, amount: 103 };
  const kept = await runLoad(job);
  assertCounts(kept, { sent: 103, ok: 103 });
  assert.equal(kept.connections, 5);
  assert.equal(sample.server.stats().accepted, 5);

  const fresh = await runLoad({ ...job, reconnect: true });
  assertCounts(fresh, { sent: 103, ok: 103 });
  assert.equal(fresh.connections, 103);
  assert.ok(fresh.mostOpen <= 2 * 5, `${fresh.mostOpen} open`); // one may end while the next begins
  assert.equal(sample.server.stats().accepted, 5 + 103);
});

test("runLoad() rests for `pause` after each answer", async () => {
  for (const reconnect of [false, true]) {
    const asked: number[] = [];
    const answer = (socket: Socket) => {
      asked.push(performance.now());
      socket.write(ANSWER);
    };
    assertCounts(await load(answer, { connections: 1, pause: 10, reconnect }), { ok: 20 });
    const gaps = asked.slice(1).map((time, i) => time - asked[i]);
    assert.ok(Math.min(...gaps) >= 10 - EARLY, `${gaps}`);
  }
});

test("runLoad() spreads a rate evenly over time and clients", async () => {
  const asked: number[] = [];
  const answer = (socket: Socket) => {
    asked.push(performance.now());
    socket.write(ANSWER);
  };
  const start = performance.now();
  const result = await load(answer, { connections: 4, amount: 40, rate: 100 });
  assertCounts(result, { sent: 40, ok: 40 });
  const early = asked.map((time, i) => 10 * i - (time - start));
  assert.ok(Math.max(...early) <= EARLY, `${early}`);
});

test("runLoad() counts the time that a request at a rate was due as its latency", async () => {
  const stall = 60; // ms for each answer, six times what the rate allows
  const result = await load((socket) => setTimeout(() => socket.write(ANSWER), stall), {
    connections: 1,
    amount: 10,
    rate: 100,
  });
  assertCounts(result, { sent: 10, ok: 10 });
  assert.ok(result.latency!.max >= 9 * (stall - 10), `${result.latency!.max} ms`);
});

test("runLoad() ends after `seconds`, with the answers that are due", async () => {
  const slow: Behave = (socket) => setTimeout(() => socket.write(ANSWER), 20);
  const result = await load(slow, { seconds: 0.2, amount: 1_000_000 });
  assertCounts(result, { sent: result.sent, ok: result.sent });
  assert.ok(result.sent > 0 && result.seconds >= 0.15, `${result.sent} in ${result.seconds} s`);
});

test("runLoad() ends when it is told to, also where a client rests", async () => {
  const interrupt = new AbortController();
  const answer: Behave = (socket, _count, connection) => {
    if (connection === 2) interrupt.abort();
    socket.write(ANSWER);
  };
  const result = await load(answer, { pause: TIMEOUT }, { signal: interrupt.signal });
  assertCounts(result, { sent: 2, ok: 2 });
});

test("runLoad() takes a new connection where the server announced the end of the last", async () => {
  const closing = ANSWER.replace("\r\n\r\n", "\r\nConnection: close\r\n\r\n");
  const result = await load((socket) => socket.end(closing));
  assertCounts(result, { ok: 20 });
  assert.equal(result.connections, 20);
});

test("runLoad() takes an answer that the end of its connection ends", async () => {
  for (const pause of [0, 3]) {
    assertCounts(await load((socket) => socket.end("HTTP/1.0 200 OK\r\n\r\nto the end"), { pause }), {
      ok: 20,
    });
  }
});

test("runLoad() tells what is not 2xx from what is not answered", async () => {
  const failing = ANSWER.replace("200", "503");
  assertCounts(await load((socket) => socket.write(failing)), { other: 20 });
});

test("runLoad() counts the errors of connections by their code", async () => {
  const result = await load((socket, count) => count === 5 ? socket.resetAndDestroy() : socket.write(ANSWER));
  assertCounts(result, { ok: 16, errors: { ECONNRESET: 4 } });
});

test("runLoad() counts requests as lost whose connection ends before or within the answer", async () => {
  const chunk = "HTTP/1.1 200 OK\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n2\r\no";
  for (const part of ["", ANSWER.slice(0, 10), ANSWER.slice(0, -1), chunk]) {
    const result = await load((socket, count) => count === 5 ? socket.end(part) : socket.write(ANSWER));
    assertCounts(result, { ok: 16, lost: 4 });
  }
});

test("runLoad() counts requests that are not answered in time, and goes on", async () => {
  const silentFirst: Behave = (socket, _count, connection) => connection > 2 && socket.write(ANSWER);
  assertCounts(await load(silentFirst, { timeout: 1_000 }), { ok: 18, timeouts: 2 });
});

test("runLoad() counts connections apart that end between two requests", async () => {
  const reset: Behave = (socket) => {
    socket.write(ANSWER);
    setTimeout(() => socket.resetAndDestroy(), 20);
  };
  for (const behave of [(socket: Socket) => socket.end(ANSWER), reset]) {
    assertCounts(await load(behave, { pause: 100 }), { ok: 20, endedIdle: 18 });
  }
});

test("runLoad() says so when nothing listens", async () => {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  assertCounts(await runLoad({ ...JOB, url: `http://127.0.0.1:${port}/` }), { errors: { ECONNREFUSED: 20 } });
});

test("runLoad() sends the method, the fields and the body that it is given", async () => {
  let received = "";
  await using server = await serve({
    port: 0,
    hostname: "127.0.0.1",
    async fetch(request) {
      const { method, headers, url } = request;
      received = [method, url, headers.get("x-a"), await request.text()].join(" ");
      return new Response("ok");
    },
  });
  const url = new URL("/a?b=c", server.url).href;
  const job = { method: "POST", headers: { Host: "name", "X-A": "b" }, body: "hello" };
  assertCounts(await runLoad({ ...JOB, ...job, url }), { ok: 20 });
  assert.equal(received, "POST http://name/a?b=c b hello");
});

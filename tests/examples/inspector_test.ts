/**
 * The inspector example's server: its events tell of the connections as they are, and no stream of events outlives its
 * client or the server.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { startExample } from "../support/example.ts";
import { get } from "../support/memory.ts";
import type { WireResponse } from "../support/wire_client.ts";
import { ask, connect, Events, find, type Row, type Snapshot } from "./inspector_events.ts";

test("examples/inspector answers each path by its methods", async () => {
  await using example = await startExample("inspector");
  using client = await connect(example);
  const ask = async (method: string, path: string): Promise<WireResponse> => {
    await client.send(`${method} ${path} HTTP/1.1\r\nHost: a.example\r\n\r\n`);
    return await client.response(method === "HEAD");
  };
  for (
    const [path, type] of [
      ["/", "text/html; charset=utf-8"],
      ["/page.css", "text/css; charset=utf-8"],
      ["/page.js", "text/javascript; charset=utf-8"],
      ["/icon.svg", "image/svg+xml"],
      ["/favicon.ico", "image/svg+xml"],
    ]
  ) {
    const { status, headers, text } = await ask("GET", path);
    assert.equal(status, 200);
    assert.equal(headers.get("content-type"), type);
    assert.ok(text.length > 100);
    const head = await ask("HEAD", path);
    assert.equal(head.status, 200);
    assert.equal(head.headers.get("content-length"), headers.get("content-length"));
  }
  const events = await ask("HEAD", "/events");
  assert.equal(events.headers.get("content-type"), "text/event-stream");
  assert.equal(events.headers.get("cache-control"), "no-store");
  assert.equal((await ask("GET", "/event")).status, 404);
  for (const [method, path, allow] of [["POST", "/", "GET, HEAD"], ["GET", "/connections", "POST"]]) {
    const { status, headers } = await ask(method, path);
    assert.equal(status, 405);
    assert.equal(headers.get("allow"), allow);
  }
  client.end();
  await example.stop();
});

test("examples/inspector's events tell of the connections as they are", async () => {
  await using example = await startExample("inspector");
  using watching = await Events.watch(example);
  const own = await watching.until((snapshot) => find(snapshot, watching.connection));
  assert.equal(own.state, "active");
  assert.equal(own.requests, 1);
  assert.match(own.peer, /^127\.0\.0\.1:\d+$/);
  assert.equal(own.idleTimeLeft, null);

  using client = await connect(example);
  const { connection: id } = await ask(client, "/fast");
  await ask(client, "/fast");
  const isIdle = ({ state, requests }: Row): boolean => state === "idle" && requests === 2;
  const idle = await watching.until((snapshot) => find(snapshot, id, isIdle));
  assert.ok(idle.idleTimeLeft! > 0 && idle.idleTimeLeft! <= 20_000);
  const later = await watching.until((snapshot) => find(snapshot, id, ({ age }) => age > idle.age + 400));
  // As much as its age grew, its time left shrank; give or take what passes between two looks at the clock.
  const [passed, lost] = [later.age - idle.age, idle.idleTimeLeft! - later.idleTimeLeft!];
  assert.ok(Math.abs(lost - passed) < 250, `${lost} ms less after ${passed} ms`);

  client.reset();
  const { stats } = await watching.until((snapshot) => find(snapshot, id) === undefined && snapshot);
  assert.deepEqual(stats.closed, { client_closed: 1 });
  assert.equal(stats.accepted, 2);
  assert.equal(stats.requests, 3);
  assert.equal(stats.reused, 1);
  assert.equal(stats.reuseRatio, 1 / 3);
});

test("examples/inspector's streams of events end with their clients", async () => {
  await using example = await startExample("inspector");
  using watching = await Events.watch(example);
  // One goes with a reset, the other closes its side first, as browsers do.
  using resetting = await Events.watch(example);
  using closing = await Events.watch(example);
  resetting.client.reset();
  closing.client.end();
  await closing.assertEnd();
  const gone = (snapshot: Snapshot, { connection }: Events): boolean => !find(snapshot, connection);
  await watching.until((snapshot) => gone(snapshot, resetting) && gone(snapshot, closing));
});

test("examples/inspector opens connections to itself, and ends promptly with streams of events open", async () => {
  await using example = await startExample("inspector");
  using watching = await Events.watch(example);
  using client = await connect(example);
  await client.send("POST /connections HTTP/1.1\r\nHost: a.example\r\n\r\n");
  const { opened } = JSON.parse((await client.response()).text);
  await watching.until(({ stats }) => stats.idle === opened + 1);
  const stopped = example.stop();
  await watching.assertEnd();
  // Whoever still asks, on a connection that waits for its end, gets a stream that ends too.
  await client.send(get("/events"));
  const late = new TextDecoder().decode(await client.readToEnd());
  assert.match(late, /^$|^HTTP\/1\.1 200 [^]*\n\n(?:\r\n0\r\n\r\n)?$/);
  client.end();
  await watching.client.assertEnd();
  watching.client.end();
  await stopped;
});

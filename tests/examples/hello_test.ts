/**
 * The first example: runs on the runtime that runs the test, shows reuse, and ends cleanly.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { startExample } from "../support/example.ts";

test("examples/hello serves, tells of reused connections, and shuts down on SIGTERM", async () => {
  await using hello = await startExample("hello");
  assert.match(await (await fetch(hello.url("/"))).text(), /request 1 on connection 1/);
  // Which connection a client takes is its own affair; that it takes one twice shows in the log.
  const { connection, request } = await (await fetch(hello.url("/json"))).json();
  assert.ok(connection >= 1 && request >= 1);
  const echo = await fetch(hello.url("/echo"), { method: "POST", body: "echo" });
  assert.equal(await echo.text(), "echo");
  const missing = await fetch(hello.url("/nothing"));
  assert.equal(missing.status, 404);
  await missing.text();
  const page = await fetch(hello.url("/inspector/"));
  const html = await page.text();
  assert.match(page.headers.get("content-type")!, /^text\/html/);
  // What the page loads is there, below its own path.
  const parts = [...html.matchAll(/(?:src|href)="([^"]+\.(?:css|js|svg))"/g)].map(([, part]) => part);
  assert.deepEqual([...new Set(parts)].sort(), ["icon.svg", "page.css", "page.js"]);
  for (const part of parts) {
    const answer = await fetch(new URL(part, hello.url("/inspector/")));
    assert.equal(answer.status, 200, part);
    await answer.text();
  }
  const events = await fetch(hello.url("/inspector/events"));
  const { value } = await events.body!.getReader().read();
  assert.match(new TextDecoder().decode(value), /event: connection\ndata: \d+\n/);
  await hello.stop();
  assert.match(hello.log, /\nTry: curl -v http:\/\/localhost:\d+\/ /);
  assert.match(hello.log, /\nSee: http:\/\/localhost:\d+\/inspector\/ shows the connections, live\n/);
  // No terminal, no colours.
  assert.ok(!hello.log.includes("\x1b"));
  assert.match(hello.log, /connection \d+ · request \d+ \(reused\) · (GET|POST) \//);
});

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
  await hello.stop();
  assert.match(hello.log, /connection \d+ · request \d+ \(reused\) · (GET|POST) \//);
});

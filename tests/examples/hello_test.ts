/**
 * The first example: runs on the runtime that runs the test, shows reuse, and ends cleanly.
 */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import process from "node:process";
import { test } from "node:test";
import { fileURLToPath } from "node:url";

test("examples/hello serves, tells of reused connections, and shuts down on SIGTERM", async () => {
  const extension = import.meta.url.slice(import.meta.url.lastIndexOf("."));
  const file = fileURLToPath(new URL(`../../examples/hello${extension}`, import.meta.url));
  const flags = "Deno" in globalThis ? ["run", "-A", "--no-check"] : [];
  const child = spawn(process.execPath, [...flags, file], {
    env: { ...process.env, PORT: "0" },
    stdio: ["ignore", "pipe", "inherit"],
  });
  const exited = once(child, "exit");
  let log = "";
  let url = "";
  try {
    for await (const text of child.stdout.setEncoding("utf8")) {
      log += text;
      const told = /listens on (\S+)/.exec(log);
      if (url !== "" || told === null || !log.includes("Try: ")) continue;
      url = told[1];
      assert.match(await (await fetch(url)).text(), /request 1 on connection 1/);
      // Which connection a client takes is its own affair; that it takes one twice shows in the log.
      const { connection, request } = await (await fetch(`${url}json`)).json();
      assert.ok(connection >= 1 && request >= 1);
      const echo = await fetch(`${url}echo`, { method: "POST", body: "echo" });
      assert.equal(await echo.text(), "echo");
      assert.equal((await fetch(`${url}nothing`)).status, 404);
      child.kill("SIGTERM");
    }
    // Deno names the signal that was sent even where the process ended by itself.
    assert.ok([0, null].includes((await exited)[0]));
    assert.match(log, /Shutting down\n/);
    assert.match(log, /connection \d+ · request \d+ \(reused\) · (GET|POST) \//);
  } finally {
    child.kill("SIGKILL");
  }
});

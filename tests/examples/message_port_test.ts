/**
 * The example that speaks HTTP over a MessagePort runs to its end on every runtime.
 */
import assert from "node:assert/strict";
import process from "node:process";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { runWell } from "../support/tools.ts";

test("examples/message_port answers two requests on one connection, and ends", async () => {
  const extension = import.meta.url.slice(import.meta.url.lastIndexOf("."));
  const file = fileURLToPath(new URL(`../../examples/message_port${extension}`, import.meta.url));
  const flags = "Deno" in globalThis ? ["run", "-A", "--no-check"] : [];
  const { stdout } = await runWell(process.execPath, [...flags, file]);
  const told = stdout.toString();
  assert.match(told, /\/one is request 1\n[\s\S]*\/two is request 2\n/);
  assert.match(told, /The connection ended: close_requested/);
});

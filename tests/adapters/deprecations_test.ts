/**
 * A program that Node is to end where it uses what is deprecated, or will be, is served: the handles below `net.Socket`
 * come by such a call.
 */
import assert from "node:assert/strict";
import process from "node:process";
import test from "node:test";
import type { NetAddr } from "../../src/api/transport.ts";
import { connectTcp } from "../support/byte_streams.ts";
import { Child, command } from "../support/child.ts";
import { inTime } from "../support/deadline.ts";
import { get } from "../support/memory.ts";
import { WireClient } from "../support/wire_client.ts";

const IS_NODE = !("Deno" in globalThis || "Bun" in globalThis);
const LOCAL = JSON.stringify({ hostname: "127.0.0.1", port: 0 });

/** How a program asks for it: by an option, or by a variable. Others than Node have no such way, and say nothing either. */
const WAYS: readonly { flags: readonly string[]; env: Record<string, string> }[] = IS_NODE
  ? [
    { flags: ["--throw-deprecation", "--pending-deprecation"], env: {} },
    { flags: ["--throw-deprecation"], env: { NODE_OPTIONS: "--pending-deprecation" } },
    { flags: ["--throw-deprecation"], env: { NODE_PENDING_DEPRECATION: "1" } },
  ]
  : [{ flags: [], env: {} }];

for (const { flags, env } of WAYS) {
  test(`a server uses nothing deprecated (${[...flags, ...Object.keys(env)].join(" ")})`, async () => {
    const [runtime, ...args] = command("tests/support/serve_process");
    await using child = await Child.start([runtime, ...flags, ...args, LOCAL], env);
    const { addr } = child.told[0];
    using client = new WireClient(await connectTcp((addr as NetAddr).port));
    await client.send(get("/"));
    assert.equal((await inTime(client.response(), "an answer")).status, 200);
    process.kill(child.pid, "SIGTERM");
    assert.equal(await inTime(child.ended, "the end of the process"), 0, child.errors);
    assert.equal(child.errors, "");
  });
}

/** The options that `serve()` refuses, each by its name. */
import assert from "node:assert/strict";
import test from "node:test";
import { serve } from "../mod.ts";
import type { ServeOptions } from "../src/api/options.ts";
import { fetch200, LOCAL, start } from "./support/local_servers.ts";

/** Expects `serve()` to refuse `options`, with one error of this kind that names `names`. */
async function assertRefused(
  options: unknown,
  kind: "TypeError" | "RangeError",
  ...names: string[]
): Promise<void> {
  await assert.rejects(serve(options as ServeOptions), (error: Error) => {
    assert.equal(error.name, kind, error.message);
    for (const name of names) {
      assert.ok(error.message.includes(`"${name}"`), `${error.message} names ${name}`);
    }
    return true;
  });
}

const NUMBERS = [
  "port",
  "backlog",
  "idleTimeout",
  "idleTimeoutBuffer",
  "headerTimeout",
  "requestTimeout",
  "writeTimeout",
  "maxRequests",
  "maxAge",
  "maxConnections",
  "maxConnectionsPerIp",
  "maxHeaderBytes",
  "maxHeaders",
  "maxTargetBytes",
  "maxBodyBytes",
  "lingerTimeout",
  "highWaterMark",
];

const FUNCTIONS = ["fetch", "exchange", "onError", "onStateChange", "onListen"];

test("serve() refuses a number of the wrong type, and names the option", async () => {
  for (const name of NUMBERS) {
    for (const value of ["many", null, true, 10n]) {
      await assertRefused({ ...LOCAL, fetch: fetch200, [name]: value }, "TypeError", name);
    }
  }
});

test("serve() refuses a number out of range, and names the option", async () => {
  for (const name of NUMBERS) {
    for (const value of [-1, 1.5, NaN, Infinity]) {
      await assertRefused({ ...LOCAL, fetch: fetch200, [name]: value }, "RangeError", name);
    }
  }
  for (const port of [65_536, "65536"]) {
    await assertRefused({ ...LOCAL, fetch: fetch200, port }, "RangeError", "port");
  }
  await assertRefused({ ...LOCAL, fetch: fetch200, backlog: 0 }, "RangeError", "backlog");
  await assertRefused({ ...LOCAL, fetch: fetch200, highWaterMark: 0 }, "RangeError", "highWaterMark");
  // A runtime's timer would take it for 1 ms.
  await assertRefused({ ...LOCAL, fetch: fetch200, idleTimeout: 2 ** 31 }, "RangeError", "idleTimeout");
});

test("serve() refuses what is no function, no flag, no host name, no signal, and names the option", async () => {
  for (const name of FUNCTIONS) {
    const handler = name === "exchange" ? {} : { fetch: fetch200 };
    await assertRefused({ ...LOCAL, ...handler, [name]: "hello" }, "TypeError", name);
  }
  for (const name of ["keepAlive", "keepAliveHint", "globals"]) {
    await assertRefused({ ...LOCAL, fetch: fetch200, [name]: "yes" }, "TypeError", name);
  }
  for (const hostname of ["", 127, null]) {
    await assertRefused({ ...LOCAL, fetch: fetch200, hostname }, "TypeError", "hostname");
  }
  for (const signal of [{ aborted: false }, null]) {
    await assertRefused({ ...LOCAL, fetch: fetch200, signal }, "TypeError", "signal");
  }
});

test("serve() refuses a bad drainBody, and names the part", async () => {
  await assertRefused({ ...LOCAL, fetch: fetch200, drainBody: 1000 }, "TypeError", "drainBody");
  await assertRefused(
    { ...LOCAL, fetch: fetch200, drainBody: { bytes: "1" } },
    "TypeError",
    "drainBody.bytes",
  );
  await assertRefused(
    { ...LOCAL, fetch: fetch200, drainBody: { timeout: -1 } },
    "RangeError",
    "drainBody.timeout",
  );
});

test("serve() refuses a bad minBodyRate or jitter, and names the part", async () => {
  for (
    const [options, kind, name] of [
      [{ minBodyRate: "240" }, "TypeError", "minBodyRate"],
      [{ minBodyRate: null }, "TypeError", "minBodyRate"],
      [{ minBodyRate: -1 }, "RangeError", "minBodyRate"],
      [{ minBodyRate: { bytesPerSecond: 0.5 } }, "RangeError", "minBodyRate.bytesPerSecond"],
      [{ minBodyRate: { grace: 0 } }, "RangeError", "minBodyRate.grace"],
      [{ minBodyRate: { rate: 1 } }, "TypeError", "minBodyRate.rate"],
      [{ jitter: "0.1" }, "TypeError", "jitter"],
      [{ jitter: 1.1 }, "RangeError", "jitter"],
      [{ jitter: NaN }, "RangeError", "jitter"],
    ] as const
  ) await assertRefused({ ...LOCAL, fetch: fetch200, ...options }, kind, name);
});

test("serve() refuses an option that it does not know, and names it", async () => {
  await assertRefused({ ...LOCAL, fetch: fetch200, keepalive: false }, "TypeError", "keepalive");
});

test("serve() wants one handler: not none, not two", async () => {
  await assertRefused(LOCAL, "TypeError", "fetch", "exchange");
  await assertRefused({ ...LOCAL, fetch: fetch200, exchange: () => {} }, "TypeError", "fetch", "exchange");
  for (const options of [undefined, null, fetch200]) {
    await assertRefused(options, "TypeError", "fetch", "exchange");
  }
});

test("serve() takes a port as the environment has it, and no other text", async () => {
  await using first = await start({ port: "0", fetch: fetch200 });
  assert.ok(first.port > 0);
  await assert.rejects(serve({ ...LOCAL, port: `${first.port}`, fetch: fetch200 }), /in use/);
  for (const port of ["", " ", "80 ", "8e3", "0x50", "-1", "http"]) {
    await assertRefused({ ...LOCAL, fetch: fetch200, port }, "TypeError", "port");
  }
});

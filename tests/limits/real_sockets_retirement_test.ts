/**
 * keepAlive, keepAliveHint, maxRequests, maxAge and jitter over TCP, on real time.
 */
import assert from "node:assert/strict";
import { setTimeout as delay } from "node:timers/promises";
import { get } from "../support/memory.ts";
import { ok } from "./real_sockets_handlers.ts";
import { assertRefused } from "./real_sockets_outcomes.ts";
import { SLACK, together } from "./real_sockets_times.ts";
import { open, testThatEveryServerHasEnded, type Visitor } from "./site.ts";
import { limit, waits } from "./timed_limit_tests.ts";

limit("keepAlive: false says close and closes, from when it is set on", async () => {
  await using site = await open({ exchange: ok, keepAlive: false });
  const closing = await site.guest();
  assertRefused(closing.greeting, 200);
  await closing.assertEnds("keep_alive_off");
  site.server.keepAlive = true;
  const kept = await site.guest();
  assert.equal((await kept.ask()).headers.get("connection"), "keep-alive");
  site.server.keepAlive = false;
  assertRefused(await kept.ask(get() + get()), 200);
  await kept.assertEnds("keep_alive_off");
});

limit("maxRequests, keepAliveHint: the last response closes, told or not", async () => {
  for (
    const [keepAliveHint, hints] of [
      [true, ["timeout=60, max=2", "timeout=60, max=1", undefined]],
      [false, [undefined, undefined, undefined]],
    ] as const
  ) {
    await using site = await open({ exchange: ok, maxRequests: 3, keepAliveHint });
    const visitor = await site.visit();
    await visitor.client.send(get().repeat(4));
    const responses = await visitor.client.responses(3);
    assert.deepEqual(responses.map(({ headers }) => headers.get("keep-alive")), hints);
    assertRefused(responses[2], 200);
    await visitor.assertEnds("max_requests");
  }
});

waits("maxAge, jitter: connections end with a response, not all at once", async () => {
  await using even = await open({ exchange: ok, maxAge: 600, jitter: 0 });
  await using spread = await open({ exchange: ok, maxAge: 600, jitter: 0.5 });
  /** For how long it asked before it was told to go. */
  const age = async (visitor: Visitor): Promise<number> => {
    while ((await visitor.ask()).headers.get("connection") !== "close") await delay(10);
    const age = performance.now() - visitor.since;
    await visitor.assertEnds("max_age");
    return age;
  };
  await together(
    async () => {
      const took = await age(await even.visit());
      assert.ok(took >= 600 && took < 600 + SLACK, `${took} ms old`);
    },
    async () => {
      const ages = (await Promise.all((await spread.visits(40)).map(age))).sort((a, b) => a - b);
      assert.ok(ages[0] >= 300 && ages[39] < 900 + SLACK, `${ages} ms old`);
      assert.ok(ages[0] < 600 && ages[39] - ages[0] > 250, `${ages} ms old, all of them`);
    },
  );
});

testThatEveryServerHasEnded();

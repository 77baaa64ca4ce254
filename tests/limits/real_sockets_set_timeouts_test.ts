/**
 * setTimeouts() over TCP, on real time: for its own request alone.
 */
import assert from "node:assert/strict";
import type { ServeOptions } from "../../src/api/options.ts";
import type { Timeouts } from "../../src/api/timeouts.ts";
import { concat } from "../support/bytes.ts";
import { get, post } from "../support/memory.ts";
import { handler, type Kind, withBothKinds } from "./real_sockets_handlers.ts";
import { assertRefused } from "./real_sockets_outcomes.ts";
import { postHead, UNREAD } from "./real_sockets_requests.ts";
import { assertTakes, together } from "./real_sockets_times.ts";
import { open, type Site, testThatEveryServerHasEnded, type Visitor } from "./site.ts";
import { waits } from "./timed_limit_tests.ts";

/** A server whose handler sets these times for a target that begins with "/own", and sends much for "/large". */
function openWith(own: Timeouts, kind: Kind, options: Partial<ServeOptions> = {}): Promise<Site> {
  const answer = handler(kind, async (asked) => {
    if (asked.target.startsWith("/own")) asked.setTimeouts(own);
    const { length } = await asked.text();
    return asked.target.endsWith("/large") ? UNREAD : concat([String(length)]);
  });
  return open({ idleTimeoutBuffer: 0, minBodyRate: 0, ...answer, ...options });
}

waits("setTimeouts.idleTimeout holds behind its own request", () =>
  withBothKinds(async (kind) => {
    await using patient = await openWith({ idleTimeout: 1_000 }, kind);
    await using hasty = await openWith({ idleTimeout: 0 }, kind, { idleTimeout: 1_000 });
    const [shorter, notShorter] = await patient.visits(2);
    const [longer, notLonger] = await hasty.visits(2);
    const idles = async (visitor: Visitor, target: string, hint: string | undefined): Promise<void> => {
      assert.equal((await visitor.ask(get(target))).headers.get("keep-alive"), hint);
    };
    await idles(notShorter, "/own", "timeout=1");
    await idles(notShorter, "/next", "timeout=60");
    await idles(notLonger, "/own", undefined);
    await idles(longer, "/own", undefined);
    await together(...([[shorter, "/own"], [notLonger, "/next"]] as const).map(([visitor, target]) => () =>
      assertTakes(1_000, "idling", async () => {
        await idles(visitor, target, "timeout=1");
        await visitor.assertEnds("idle_timeout");
      })
    ));
    for (const visitor of [longer, notShorter]) {
      assert.equal((await visitor.ask()).status, 200);
    }
  }));

for (
  const [name, short, reason] of [
    ["requestTimeout", { requestTimeout: 1_000 }, "request_timeout"],
    ["minBodyRate", { minBodyRate: { bytesPerSecond: 1_000, grace: 1_000 } }, "slow_body"],
  ] as const
) {
  waits(`setTimeouts.${name} holds for its own body`, () =>
    withBothKinds(async (kind) => {
      await using patient = await openWith(short, kind);
      await using hasty = await openWith({ [name]: 0 }, kind, short);
      const [shorter, notShorter] = await patient.visits(2);
      const [longer, notLonger] = await hasty.visits(2);
      for (const visitor of [notShorter, notLonger]) await visitor.ask(post("xx", "/own"));
      await notShorter.client.send(postHead(2, "/next") + "x");
      await longer.client.send(postHead(2, "/own") + "x");
      await together(...([[shorter, "/own"], [notLonger, "/next"]] as const).map(([visitor, target]) => () =>
        assertTakes(1_000, "a body", async () => {
          assertRefused(await visitor.ask(postHead(2, target) + "x"), 408);
          await visitor.assertEnds(reason);
        })
      ));
      for (const visitor of [longer, notShorter]) {
        assert.equal((await visitor.ask("x")).text, "2");
      }
    }));
}

waits("setTimeouts.writeTimeout holds for its own response", () =>
  withBothKinds(async (kind) => {
    await using patient = await openWith({ writeTimeout: 1_000 }, kind);
    await using hasty = await openWith({ writeTimeout: 0 }, kind, { writeTimeout: 1_000 });
    const [shorter, notShorter] = await patient.visits(2);
    const [longer, notLonger] = await hasty.visits(2);
    for (const visitor of [notShorter, notLonger]) await visitor.ask(get("/own"));
    await notShorter.client.send(get("/large"));
    await longer.client.send(get("/own/large"));
    await together(
      ...([[shorter, "/own/large"], [notLonger, "/large"]] as const).map(([visitor, target]) => () =>
        assertTakes(1_000, "reading nothing", async () => {
          await visitor.client.send(get(target));
          assert.equal(await visitor.connection.closed, "write_timeout");
        })
      ),
    );
    for (const { client } of [longer, notShorter]) {
      assert.equal((await client.response()).body.length, UNREAD.length);
    }
  }));

testThatEveryServerHasEnded();

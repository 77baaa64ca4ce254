/**
 * setTimeouts() of requestTimeout and minBodyRate on the fake clock: for this body alone, from the call on.
 */
import assert from "node:assert/strict";
import type { MemoryTransport } from "../../src/adapters/memory.ts";
import type { Exchange } from "../../src/api/exchange.ts";
import type { ConnectionOptions } from "../../src/api/options.ts";
import type { Timeouts } from "../../src/api/timeouts.ts";
import type { FakeClock } from "../support/fake_clock.ts";
import { connect, post, settled } from "../support/memory.ts";
import { type Asked, handler, KINDS, setting } from "./fake_clock_handlers.ts";
import { assertEnds, assertProtocolError, statuses } from "./fake_clock_outcomes.ts";
import { ARRIVALS, postHead, sendSlowly } from "./fake_clock_requests.ts";
import { LATE, RATE } from "./fake_clock_times.ts";
import { limit } from "./limit_tests.ts";

for (const kind of KINDS) {
  const own = (timeouts: Timeouts): ConnectionOptions => setting(kind, timeouts);

  limit(`setTimeouts.requestTimeout counts from the call (${kind})`, async () => {
    for (const [how, cut] of ARRIVALS) {
      for (const requestTimeout of [1_000, 20_000]) {
        const options = { ...own({ requestTimeout }), requestTimeout: 10_000, minBodyRate: 0 };
        const slow = connect(options);
        sendSlowly(slow.client, "/own", cut);
        slow.clock.advance(requestTimeout - 1);
        assert.deepEqual(statuses(slow.client), [], `${requestTimeout} ms, head ${how}`);
        slow.clock.advance(1 + LATE);
        assert.deepEqual(statuses(slow.client), [408], `${requestTimeout} ms, head ${how}`);
        await assertEnds(slow, "request_timeout");
      }
    }
  });

  limit(`setTimeouts.requestTimeout leaves the next request alone (${kind})`, async () => {
    for (const [how, cut] of ARRIVALS) {
      for (const requestTimeout of [0, 1_000, 20_000]) {
        const options = { ...own({ requestTimeout }), requestTimeout: 10_000, minBodyRate: 0 };
        const { client, clock } = connect(options);
        client.send(post("xx", "/own"));
        await settled();
        clock.advance(5_000);
        sendSlowly(client, "/next", cut);
        clock.advance(9_999);
        assert.deepEqual(statuses(client), [200], `after ${requestTimeout} ms, head ${how}`);
        clock.advance(1 + LATE);
        assert.deepEqual(statuses(client), [200, 408], `after ${requestTimeout} ms, head ${how}`);
      }
    }
  });

  limit(`setTimeouts.requestTimeout counts in the middle of a body (${kind})`, async () => {
    for (const [server, requestTimeout] of [[10_000, 8_000], [10_000, 2_000], [0, 2_000]]) {
      const ends = 5_000 + requestTimeout;
      let asked!: Asked;
      const options = handler(kind, (given) => (asked = given).text());
      const slow = connect({ ...options, onError: () => {}, requestTimeout: server, minBodyRate: 0 });
      slow.client.send(postHead(2) + "x");
      slow.clock.advance(5_000);
      asked.setTimeouts({ requestTimeout });
      slow.clock.advance(ends - 5_001);
      assert.deepEqual(statuses(slow.client), []);
      slow.clock.advance(1 + LATE);
      assert.deepEqual(statuses(slow.client), [408]);
      await assertEnds(slow, "request_timeout");
    }
  });

  for (
    const [name, times] of [
      ["requestTimeout", { requestTimeout: 1_000, minBodyRate: 0 }],
      ["minBodyRate", { minBodyRate: RATE }],
    ] as const
  ) {
    limit(`setTimeouts.${name} runs on where a call does not name it (${kind})`, () => {
      let asked!: Asked;
      const options = handler(kind, (given) => (asked = given).text());
      const { client, clock } = connect({ ...options, onError: () => {}, ...times });
      client.send(postHead(2) + "x");
      for (let i = 0; i < 9; i++) {
        clock.advance(100);
        asked.setTimeouts({ idleTimeout: 5_000 });
      }
      clock.advance(100 + LATE);
      assert.deepEqual(statuses(client), [408]);
    });
  }

  limit(`setTimeouts.minBodyRate holds for this body alone (${kind})`, async () => {
    const from = (bytesPerSecond: number) => ({ bytesPerSecond, grace: 4_000 });
    // A body comes with 500 bytes a second.
    const trickle = async (
      { client, clock }: { client: MemoryTransport; clock: FakeClock },
      target: string,
    ) => {
      client.send(postHead(5_000, target));
      for (let i = 0; i < 10 && !client.ended; i++) {
        clock.advance(1_000);
        client.send("x".repeat(500));
      }
      await settled();
    };
    for (
      const [server, minBodyRate, outcome] of [
        [from(1_000), 300, [200, 408]],
        [from(1_000), 0, [200, 408]],
        [0, from(1_000), [408]],
        [from(300), 1_000, [408]],
        [{ bytesPerSecond: 300, grace: 4_000 }, { grace: 500 }, [408]],
        [{ bytesPerSecond: 300, grace: 500 }, { grace: 4_000 }, [200, 408]],
        [from(300), { bytesPerSecond: 1_000 }, [408]],
      ] as const
    ) {
      const slow = connect({ ...own({ minBodyRate }), minBodyRate: server });
      await trickle(slow, "/own");
      if (!slow.client.ended) await trickle(slow, "/next");
      assert.deepEqual(statuses(slow.client), outcome, JSON.stringify({ server, minBodyRate }));
      await assertEnds(slow, "slow_body");
    }
    const next = connect({ ...own({ minBodyRate: from(1_000) }), minBodyRate: from(300) });
    next.client.send(post("fast", "/own"));
    await settled();
    await trickle(next, "/next");
    assert.deepEqual(statuses(next.client), [200, 200]);
  });

  limit(`setTimeouts.minBodyRate counts in the middle of a body (${kind})`, async () => {
    for (
      const [server, minBodyRate, tooSlow] of [
        [RATE, 0, false],
        [RATE, 300, false],
        [0, RATE, true],
        [{ ...RATE, bytesPerSecond: 300 }, 1_000, true],
      ] as const
    ) {
      let asked!: Asked;
      const options = handler(kind, (given) => (asked = given).text());
      const { client, clock } = connect({ ...options, onError: () => {}, minBodyRate: server });
      client.send(postHead(10_000));
      clock.advance(500);
      client.send("x".repeat(500));
      asked.setTimeouts({ minBodyRate });
      for (let i = 0; i < 5 && !client.ended; i++) {
        clock.advance(100 + LATE);
        client.send("x".repeat(200)); // about 600 a second
      }
      await settled();
      assert.deepEqual(statuses(client), tooSlow ? [408] : [], JSON.stringify({ server, minBodyRate }));
    }
  });
}

limit("setTimeouts.requestTimeout does not pass while nobody reads", async () => {
  let x!: Exchange;
  const slow = connect({ exchange: (given) => void (x = given), minBodyRate: 0 });
  slow.client.send(post("slowly").slice(0, -3));
  x.setTimeouts({ requestTimeout: 1_000 });
  slow.clock.advance(100_000);
  assert.equal(slow.connection.state, "active");
  const told = x.text().catch((error) => error);
  slow.clock.advance(999);
  assert.equal(slow.connection.state, "active");
  slow.clock.advance(1 + 3 * LATE);
  assertProtocolError(await told, "request_timeout", 408);
  await assertEnds(slow, "request_timeout");
});

/**
 * The time limits over TCP, on real time: each must have passed when it strikes, with wide bounds on how much
 * later that is.
 */
import assert from "node:assert/strict";
import { setTimeout as delay } from "node:timers/promises";
import { concat, patternBytes } from "../support/bytes.ts";
import { get } from "../support/memory.ts";
import { counting, handler, ok, withBothKinds } from "./real_sockets_handlers.ts";
import { assertProtocolError, assertRefused } from "./real_sockets_outcomes.ts";
import { HEAD, KIB, MIB, postHead } from "./real_sockets_requests.ts";
import { assertTakes, together, until } from "./real_sockets_times.ts";
import { open, testThatEveryServerHasEnded, type Visitor } from "./site.ts";
import { waits } from "./timed_limit_tests.ts";

waits("idleTimeout, idleTimeoutBuffer: an idle connection ends, later than told", async () => {
  await using buffered = await open({ exchange: ok, idleTimeout: 1_000, idleTimeoutBuffer: 500 });
  await using exact = await open({
    exchange: ok,
    idleTimeout: 1_000,
    idleTimeoutBuffer: 0,
    keepAliveHint: false,
  });
  await using lenient = await open({ exchange: ok, idleTimeout: 100, idleTimeoutBuffer: 60_000 });
  await using tireless = await open({ exchange: ok, idleTimeout: 0, idleTimeoutBuffer: 100 });
  const [late, never] = [await lenient.guest(), await tireless.guest()];
  assert.equal(never.greeting.headers.get("keep-alive"), undefined);
  await together(
    () =>
      assertTakes(1_500, "idling", async () => {
        const visitor = await buffered.guest();
        assert.equal(visitor.greeting.headers.get("keep-alive"), "timeout=1");
        await visitor.assertEnds("idle_timeout");
      }),
    () =>
      assertTakes(1_000, "idling", async () => {
        const visitor = await exact.guest();
        assert.equal(visitor.greeting.headers.get("keep-alive"), undefined);
        await visitor.assertEnds("idle_timeout");
      }),
  );
  for (const visitor of [late, never]) assert.equal((await visitor.ask()).status, 200);
});

waits("headerTimeout ends a head that does not come, with 408 if it began", async () => {
  await using site = await open({ exchange: ok, headerTimeout: 1_000 });
  await using patient = await open({ exchange: ok, headerTimeout: 0 });
  const [silent, slow] = await patient.visits(2);
  await slow.client.send(HEAD[0]);
  await assertTakes(1_000, "silence, a first head and a later one", async () => {
    const later = await site.guest();
    const [nothing, first] = await site.visits(2);
    await together(
      () => nothing.assertEnds("header_timeout"),
      async () => {
        assertRefused(await first.ask(HEAD[0]), 408);
        await first.assertEnds("header_timeout");
      },
      async () => {
        await later.client.send(get("/", "X: ").slice(0, -4));
        await until(() => later.connection.state === "active");
        const trickling = later.trickle("x", 50, 100);
        assertRefused(await later.client.response(), 408);
        await trickling;
        await later.assertEnds("header_timeout");
      },
    );
  });
  assert.equal((await silent.ask()).status, 200);
  assert.equal((await slow.ask(HEAD[1])).status, 200);
});

waits("requestTimeout ends a body that does not come to its end, with 408", async () => {
  await withBothKinds(async (kind) => {
    const { options, told } = counting(kind);
    await using site = await open({ ...options, requestTimeout: 1_000, minBodyRate: 0 });
    await using patient = await open({ ...options, requestTimeout: 0, minBodyRate: 0 });
    const waiting = await patient.visit();
    await waiting.client.send(postHead(2) + "h");
    const visitor = await site.visit();
    await assertTakes(1_000, "a body", async () => {
      await visitor.client.send(postHead(1_000) + "x");
      await until(() => visitor.connection.state === "active");
      const trickling = visitor.trickle("x", 50, 100);
      assertRefused(await visitor.client.response(), 408);
      await trickling;
    });
    await visitor.assertEnds("request_timeout");
    assertProtocolError(told[0], "request_timeout");
    assert.equal((await waiting.ask("i")).text, "2");
  });
});

waits("minBodyRate.bytesPerSecond, minBodyRate.grace: a slow body gets 408", async () => {
  await withBothKinds(async (kind) => {
    const { options, told } = counting(kind);
    const grace = 800;
    await using site = await open({ ...options, minBodyRate: { bytesPerSecond: 2_000, grace } });
    await using patient = await open({ ...options, minBodyRate: 0 });
    const waiting = await patient.visit();
    await waiting.client.send(postHead(2) + "h");
    const [slow, fast] = await site.visits(2);
    await together(
      async () => {
        await assertTakes(grace, "a slow body", async () => {
          await slow.client.send(postHead(5_000) + "x");
          await until(() => slow.connection.state === "active");
          const trickling = slow.trickle("x".repeat(50), 50, 100);
          assertRefused(await slow.client.response(), 408);
          await trickling;
        });
        await slow.assertEnds("slow_body");
        assertProtocolError(told[0], "body_too_slow");
      },
      async () => {
        // Far faster than the rate, so that a busy machine does not make it too slow.
        await fast.client.send(postHead(20 * 20_000));
        await until(() => fast.connection.state === "active");
        await fast.trickle("x".repeat(20_000), 60, 20);
        assert.equal((await fast.client.response()).text, "400000");
      },
    );
    assert.equal(told.length, 1);
    assert.equal((await waiting.ask("i")).text, "2");
  });
});

waits("writeTimeout cuts off a client that reads nothing, not one that is slow", async () => {
  const large = new Uint8Array(64 * MIB); // more than the system buffers on the way
  const writeTimeout = 1_500;
  await withBothKinds(async (kind) => {
    const options = handler(kind, async ({ target }) => target === "/large" ? large : concat([target]));
    await using site = await open({ ...options, writeTimeout });
    await using patient = await open({ ...options, writeTimeout: 0 });
    const waiting = await patient.visit();
    await waiting.client.send(get("/large"));
    const [stuck, slow] = await site.visits(2);
    await together(
      async () => {
        await assertTakes(writeTimeout, "reading nothing", async () => {
          await stuck.client.send(get("/large"));
          assert.equal(await stuck.connection.closed, "write_timeout");
        });
        let received = 0;
        const reading = (async () => {
          for (;;) received += (await stuck.client.readBytes(64 * KIB)).length;
        })();
        await assert.rejects(reading);
        assert.ok(received < large.length, "the response was cut off");
      },
      async () => {
        // The whole takes longer than the time, and what the system notices of it much less.
        const start = performance.now();
        await slow.client.send(get("/large"));
        await slow.client.readUntil("\r\n\r\n");
        for (let left = large.length; left > 0; left -= 2 * MIB) {
          await slow.client.readBytes(2 * MIB);
          await delay(80);
        }
        assert.ok(performance.now() - start > 1.5 * writeTimeout);
        assert.equal((await slow.ask(get("/next"))).text, "/next", "the connection goes on");
      },
    );
    assert.equal((await waiting.client.response()).body.length, large.length);
  });
});

waits("drainBody.timeout ends the wait for an unread body", async () => {
  await using site = await open({ exchange: ok, drainBody: { timeout: 1_000 } });
  await using patient = await open({ exchange: ok, drainBody: { timeout: 0 } });
  const waiting = await patient.visit();
  assert.equal((await waiting.ask(postHead(2, "/a") + "x")).text, "/a");
  const [late, early] = await site.visits(2);
  assert.equal((await early.ask(postHead(2, "/a") + "x")).text, "/a");
  assert.equal((await early.ask("x" + get("/b"))).text, "/b");
  await assertTakes(1_000, "the rest of a body", async () => {
    assert.equal((await late.ask(postHead(2, "/a") + "x")).text, "/a");
    await late.assertEnds("unread_body");
  });
  assert.equal((await waiting.ask("x" + get("/b"))).text, "/b");
});

waits("lingerTimeout is how long a closing connection discards", async () => {
  await using site = await open({ exchange: ok, lingerTimeout: 1_000 });
  await using hasty = await open({ exchange: ok, lingerTimeout: 0 });
  const goodbye = get("/", "Connection: close");
  const ended: string[] = [];
  const closing = async ({ connection }: Visitor, name: string): Promise<void> => {
    assert.equal(await connection.closed, "close_requested");
    ended.push(name);
  };
  await together(
    () =>
      assertTakes(1_000, "lingering for a client that is silent", async () => {
        const silent = await site.visit();
        assertRefused(await silent.ask(goodbye), 200);
        await silent.client.assertEnd();
        await closing(silent, "lingered");
        // And for one that goes on as if nothing had been said.
        const talking = await site.visit();
        const closed = closing(talking, "lingered");
        await talking.client.send(goodbye);
        const talk = (async () => {
          while (talking.connection.state !== "closed") {
            await talking.client.send(patternBytes(10 * KIB)).catch(() => {});
            await delay(20);
          }
        })();
        assertRefused(await talking.client.response(), 200);
        await talking.client.assertEnd();
        await closed;
        await talk;
      }),
    async () => {
      const visitor = await hasty.visit();
      await visitor.client.send(goodbye);
      await closing(visitor, "at once");
    },
  );
  assert.deepEqual(ended, ["at once", "lingered", "lingered"]);
});

testThatEveryServerHasEnded();

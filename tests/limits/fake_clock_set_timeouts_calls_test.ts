/**
 * Calls of setTimeouts() that are wrong or come too late: what they throw, and that they change nothing.
 */
import assert from "node:assert/strict";
import { FastResponse } from "../../mod.ts";
import { ExchangeError } from "../../src/api/errors.ts";
import type { FetchInfo } from "../../src/api/fetch.ts";
import type { Timeouts } from "../../src/api/timeouts.ts";
import { connect, get, settled } from "../support/memory.ts";
import { type Asked, handler, KINDS, ok } from "./fake_clock_handlers.ts";
import { last, statuses } from "./fake_clock_outcomes.ts";
import { postHead } from "./fake_clock_requests.ts";
import { test } from "./limit_tests.ts";

for (const kind of KINDS) {
  test(`setTimeouts() names what is wrong, and changes nothing then (${kind})`, async () => {
    const errors: Error[] = [];
    const wrong: [timeouts: unknown, kind: string, name: string][] = [
      [{ idleTimout: 1 }, "TypeError", "idleTimout"],
      [{ headerTimeout: 1 }, "TypeError", "headerTimeout"],
      [{ idleTimeout: 20_000, requestTimeout: "1" }, "TypeError", "requestTimeout"],
      [{ idleTimeout: 20_000, writeTimeout: null }, "TypeError", "writeTimeout"],
      [{ idleTimeout: 20_000, writeTimeout: -1 }, "RangeError", "writeTimeout"],
      [{ idleTimeout: 1.5 }, "RangeError", "idleTimeout"],
      [{ requestTimeout: 2 ** 31 }, "RangeError", "requestTimeout"],
      [{ minBodyRate: NaN }, "RangeError", "minBodyRate"],
      [{ minBodyRate: "fast" }, "TypeError", "minBodyRate"],
      [{ minBodyRate: null }, "TypeError", "minBodyRate"],
      [{ minBodyRate: { rate: 1 } }, "TypeError", "minBodyRate.rate"],
      [{ minBodyRate: { grace: 0 } }, "RangeError", "minBodyRate.grace"],
      [{ minBodyRate: { bytesPerSecond: -1 } }, "RangeError", "minBodyRate.bytesPerSecond"],
    ];
    const { client } = connect({
      idleTimeout: 10_000,
      ...handler(kind, (asked) => {
        for (const [timeouts] of wrong) {
          try {
            asked.setTimeouts(timeouts as Timeouts);
          } catch (error) {
            errors.push(error as Error);
          }
        }
        return asked.text();
      }),
    });
    client.send(get());
    await settled();
    assert.equal(last(client).hint, "timeout=10");
    assert.deepEqual(errors.map(({ name }) => name), wrong.map(([, name]) => name));
    errors.forEach(({ message }, i) => assert.ok(message.includes(`"${wrong[i][2]}"`), message));
  });
}

test("setTimeouts() wants an object, and says so of itself", () => {
  for (const nothing of [null, undefined, 5]) {
    let message = "";
    const { client } = connect({
      exchange(x) {
        assert.throws(() => x.setTimeouts(nothing as unknown as Timeouts), (error: Error) => {
          message = error.message;
          return error instanceof TypeError;
        });
        ok(x);
      },
    });
    client.send(get());
    assert.deepEqual(statuses(client), [200]);
    assert.doesNotMatch(message, /fetch/, "a handler has no use for a word about the server's options");
  }
});

test("setTimeouts() after the end is an ExchangeError", async () => {
  const late: (() => void)[] = [];
  const { client } = connect({
    exchange(x) {
      late.push(() => x.setTimeouts({ idleTimeout: 1_000 }));
      ok(x);
    },
  });
  client.send(get());
  assert.throws(late[0], ExchangeError);
  let info!: FetchInfo;
  const fetched = connect({
    fetch(_request, given) {
      info = given;
      return new Response();
    },
  });
  fetched.client.send(get());
  await settled();
  assert.throws(() => info.setTimeouts({ idleTimeout: 1_000 }), ExchangeError);
  // The next request has the exchange now: its times are not to be touched.
  let first: FetchInfo | undefined;
  const next = connect({
    fetch(_request, given) {
      if (first !== undefined) return new Promise<Response>(() => {});
      first = given;
      return new FastResponse();
    },
  });
  next.client.send(get() + get());
  assert.equal(next.connection.requests, 2);
  assert.throws(() => first!.setTimeouts({ idleTimeout: 1_000 }), ExchangeError);
});

test("setTimeouts() to a client that has gone is an ExchangeError, or does nothing", async () => {
  for (const kind of KINDS) {
    let asked!: Asked;
    const { client } = connect({ ...handler(kind, (given) => (asked = given).text()), onError: () => {} });
    client.send(postHead(2));
    client.reset();
    await settled();
    try {
      asked.setTimeouts({ requestTimeout: 1_000 });
    } catch (error) {
      assert.ok(error instanceof ExchangeError, `${error}`);
    }
  }
});

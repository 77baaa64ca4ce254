/**
 * highWaterMark: when a client is paused, when output is sent, and when a handler is to wait.
 */
import assert from "node:assert/strict";
import type { Exchange } from "../../src/api/exchange.ts";
import { connect, get, settled } from "../support/memory.ts";
import { ok } from "./fake_clock_handlers.ts";
import { headOf, postHead } from "./fake_clock_requests.ts";
import { limit } from "./limit_tests.ts";

limit("highWaterMark pauses a client whose requests wait", async () => {
  for (const [options, mark] of [[{ highWaterMark: 1_000 }, 1_000], [{}, 65_536]] as const) {
    const answers: (() => void)[] = [];
    const { client } = connect({ ...options, exchange: (x) => void answers.push(() => x.respond(200)) });
    const next = headOf(Math.min(mark, 16_384));
    const waiting = next.repeat(mark / next.length);
    client.send(get() + waiting.slice(0, -1));
    assert.equal(client.paused, false);
    client.send(waiting.slice(-1));
    assert.equal(client.paused, true);
    answers[0]();
    await settled();
    assert.equal(client.paused, false, "the next request left the buffer");
    assert.equal(answers.length, 2);
  }
});

limit("highWaterMark pauses a client whose body waits", async () => {
  let x!: Exchange;
  const { client } = connect({ highWaterMark: 1_000, exchange: (given) => void (x = given) });
  client.send(postHead(5_000) + "x".repeat(999));
  assert.equal(client.paused, false);
  client.send("x");
  assert.equal(client.paused, true);
  const reader = x.stream().getReader();
  assert.equal(client.paused, true, "nothing was read yet");
  assert.equal((await reader.read()).value!.length, 1_000);
  assert.equal(client.paused, false);
  client.send("x".repeat(999));
  assert.equal(client.paused, false);
  client.send("x");
  assert.equal(client.paused, true);
});

limit("highWaterMark pauses a client that takes no answers", async () => {
  const { client, connection } = connect({ highWaterMark: 1_000, exchange: ok });
  client.takesWrites = false;
  client.send(get());
  client.send(headOf(999));
  assert.equal(client.paused, false);
  client.send("G");
  assert.deepEqual([client.paused, connection.requests], [true, 1]);
  client.drain();
  await settled();
  assert.deepEqual([client.paused, connection.requests], [false, 2]);
});

limit("highWaterMark is how much is put together before it is sent", () => {
  for (
    const [options, mark] of [[{ highWaterMark: 1_000 }, 1_000], [{}, 65_536], [
      { highWaterMark: 1 },
      1,
    ]] as const
  ) {
    const piece = "x".repeat(10);
    let written = 0;
    const { client } = connect({
      ...options,
      exchange(x) {
        x.start(200, { "content-length": 10_000 * piece.length });
        for (let i = 0; i < 10_000; i++) {
          const before = client.written.length;
          x.write(piece);
          if (client.written.length > before) return void (written = client.written.at(-1)!.length);
        }
      },
    });
    client.send(get());
    assert.ok(written >= mark, `${written} bytes are not ${mark}`);
    const head = client.text().indexOf("\r\n\r\n") + 4;
    assert.ok(written < Math.max(mark, head) + 2 * piece.length, `${written} bytes are more than ${mark}`);
  }
});

limit("highWaterMark tells a handler to wait for the client", async () => {
  let x!: Exchange;
  const { client } = connect({ highWaterMark: 1_000, exchange: (given) => void (x = given) });
  client.takesWrites = false;
  client.send(get());
  x.start(200, { "content-length": 100_000 });
  let welcome = 0;
  while (x.write("x".repeat(10))) welcome += 10;
  assert.ok(welcome < 1_000 && welcome > 1_000 - 500, `after ${welcome} bytes no more were welcome`);
  let ready = false;
  x.ready().then(() => ready = true);
  await settled();
  assert.equal(ready, false);
  client.drain();
  await settled();
  assert.equal(ready, true);
  assert.equal(x.write("x"), true);
});

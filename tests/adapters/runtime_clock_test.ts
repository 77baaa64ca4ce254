/**
 * The runtime's clock: a turn of the event loop ends after the microtasks of the current events; the next one begins
 * once the sockets were polled.
 */
import assert from "node:assert/strict";
import { once } from "node:events";
import net from "node:net";
import { test } from "node:test";
import { runtimeClock } from "../../src/adapters/runtime_clock.ts";

const nextTurn = (): Promise<void> => new Promise((resolve) => runtimeClock.nextTurn(resolve));

test("what a socket has received is read within some turns, although each follows the last at once", async () => {
  const server = net.createServer();
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const sender = net.connect((server.address() as net.AddressInfo).port, "127.0.0.1");
  const [receiver] = await once(server, "connection") as [net.Socket];
  let received = 0;
  receiver.on("data", ({ length }) => received += length);
  const rounds = 50;
  let turns = 0;
  for (let i = 1; i <= rounds; i++) {
    await new Promise((resolve) => sender.write("x", resolve));
    for (; received < i; turns++) await nextTurn();
  }
  assert.ok(turns <= 4 * rounds, `${turns} turns for ${rounds} pieces`);
  sender.destroy();
  receiver.destroy();
  server.close();
  await once(server, "close");
});

test("turns are called in order, each once, also those that are asked for within one", async () => {
  const called: string[] = [];
  await new Promise<void>((resolve) => {
    runtimeClock.nextTurn(() => {
      called.push("a");
      runtimeClock.nextTurn(() => called.push("c"));
      runtimeClock.nextTurn(() => resolve());
    });
    runtimeClock.nextTurn(() => called.push("b"));
  });
  await nextTurn();
  assert.deepEqual(called, ["a", "b", "c"]);
});

for (
  const [where, enter] of Object.entries<(callback: () => void) => unknown>({
    "a timer": (callback) => setTimeout(callback),
    "a microtask": (callback) => queueMicrotask(callback),
    "the end of another": (callback) => runtimeClock.endOfTurn(callback),
  })
) {
  test(`the end of the turn that is asked for in ${where} comes after all microtasks, and before the next turn`, async () => {
    const called: string[] = [];
    await new Promise<void>((resolve) =>
      enter(() => {
        runtimeClock.endOfTurn(() => called.push("end"));
        runtimeClock.nextTurn(() => resolve(void called.push("turn")));
        const manyPromises = async () => {
          for (let i = 0; i < 1000; i++) await null;
          called.push("promises");
        };
        void manyPromises();
      })
    );
    assert.deepEqual(called, ["promises", "end", "turn"]);
  });
}

/**
 * A transport that does its worst: it tells everything from inside of calls, at once, and throws.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { MemoryTransport } from "../../src/adapters/memory.ts";
import type { TransportEvents } from "../../src/api/transport.ts";
import { SerializedTransport } from "../../src/core/serialized_transport.ts";
import type { ConnectionOptions } from "../../src/api/options.ts";
import { HttpServer } from "../../src/server/http_server.ts";
import { connectionSettings } from "../../src/options/settings.ts";
import { FakeClock } from "../support/fake_clock.ts";
import { get, parseResponses, post, settled } from "../support/memory.ts";

/** The calls from inside of which something can happen. */
const CALLS = ["start", "write", "unsent", "pause", "resume", "probe", "end", "close"] as const;
type Call = typeof CALLS[number];

/** What happens from inside of a call: an event, or an error. */
const EVENTS = {
  "transportClosed": (events: TransportEvents): void => events.transportClosed(new Error("ECONNRESET")),
  "receiveEnd": (events: TransportEvents): void => events.receiveEnd(),
  "drained": (events: TransportEvents): void => events.drained(),
  "receive": (events: TransportEvents): void => {
    const bytes = new TextEncoder().encode(get("/inside"));
    events.receive(bytes, 0, bytes.length);
    bytes.fill(0); // its memory is the transport's again
  },
  "an error": (): void => {
    throw new Error("broken");
  },
} as const;

/** Does `happens` from inside of each `call`, once or each time. */
class Nasty extends MemoryTransport {
  readonly #call: Call;
  readonly #happens: (events: TransportEvents) => void;
  #events!: TransportEvents;
  #isOver = false;

  constructor(call: Call, event: keyof typeof EVENTS, takesWrites: boolean) {
    super();
    this.#call = call;
    this.takesWrites = takesWrites;
    let times = 0;
    this.#happens = (events) => {
      // What cannot come twice does not; and a client that asks for each answer anew would never end.
      if (++times > 1 && event !== "an error") return;
      EVENTS[event](events);
      if (event === "transportClosed") this.#isOver = true;
    };
  }

  #during(call: Call): void {
    if (call === this.#call && !this.#isOver) this.#happens(this.#events);
  }

  override start(events: TransportEvents): void {
    this.#events = events;
    super.start(events);
    this.#during("start");
  }

  override write(bytes: Uint8Array, start: number, end: number): boolean {
    const taken = super.write(bytes, start, end);
    this.#during("write");
    return taken;
  }

  override unsent(): number {
    this.#during("unsent");
    return super.unsent();
  }

  override pause(): void {
    super.pause();
    this.#during("pause");
  }

  override resume(): void {
    super.resume();
    this.#during("resume");
  }

  probe(): void {
    this.#during("probe");
  }

  override end(): boolean {
    const sent = super.end();
    this.#during("end");
    return sent;
  }

  override close(abruptly: boolean): void {
    super.close(abruptly);
    this.#during("close");
  }
}

const HANDLERS: Readonly<Record<string, ConnectionOptions>> = {
  "respond()": { exchange: (x) => x.respond(200, {}, x.target) },
  "a large body": { exchange: (x) => x.respond(200, {}, new Uint8Array(100_000)) },
  "a stream": {
    async exchange(x) {
      x.start(200);
      for (let i = 0; i < 10; i++) if (!x.write(new Uint8Array(20_000))) await x.ready();
      x.end();
    },
  },
  "an asynchronous answer": {
    async fetch(request) {
      return new Response(await request.text());
    },
  },
};

for (const call of CALLS) {
  for (const event of Object.keys(EVENTS) as (keyof typeof EVENTS)[]) {
    test(`a transport that has ${event} come from inside of ${call}() harms nobody`, async () => {
      for (const [name, options] of Object.entries(HANDLERS)) {
        for (const takesWrites of [true, false]) {
          const clock = new FakeClock();
          const errors: unknown[] = [];
          const onError = (error: unknown): void => void errors.push(error);
          const server = new HttpServer({ ...options, onError }, connectionSettings(options), clock);
          const transport = new Nasty(call, event, takesWrites);
          const connection = server.accept(transport);
          for (const input of [get("/1"), post("body", "/2") + get("/3").repeat(3), "GET /4 HT"]) {
            transport.send(input);
            await settled();
          }
          if (!takesWrites) transport.drain();
          await settled();
          clock.advance(100_000);
          transport.sendEnd();
          await settled();
          for (let i = 0; i < 10; i++) clock.advance(100_000);
          await settled();
          assert.equal(connection.state, "closed", name);
          assert.equal(transport.closed, true, name);
          assert.deepEqual([server.stats().open, clock.timers], [0, 0], name);
          const isClosedEarly = event === "transportClosed" || event === "an error";
          if (event === "receive" && call === "write" && takesWrites && name === "respond()") {
            const bodies = parseResponses(transport.text()).map(({ body }) => body);
            assert.deepEqual(bodies.slice(0, 2), ["/1", "/inside"], "it is answered in its turn");
          } else if (!isClosedEarly && takesWrites && name === "respond()") {
            const bodies = parseResponses(transport.text()).map(({ body }) => body);
            assert.ok(bodies.includes("/1") || event === "receiveEnd", JSON.stringify(bodies));
          }
        }
      }
    });
  }
}

test("events that come from inside of a call are told in their order when it is over", async () => {
  const told: string[] = [];
  const transport = new MemoryTransport();
  const serialized: SerializedTransport = new SerializedTransport(transport, {
    receive: (bytes, start, end) => told.push(new TextDecoder().decode(bytes.subarray(start, end))) > 0,
    receiveEnd: () => void told.push("end"),
    drained: () => void told.push("drained"),
    transportClosed: () => void told.push("closed"),
  });
  const bytes = new TextEncoder().encode("abc");
  serialized.start();
  serialized.enter();
  serialized.receive(bytes, 1, 2);
  bytes.fill(0);
  serialized.drained();
  serialized.receiveEnd();
  serialized.leave();
  serialized.transportClosed();
  assert.deepEqual(told, [], "not before those that wait");
  await settled();
  assert.deepEqual(told, ["b", "drained", "end", "closed"]);
});

test("an event that comes while others are told comes after them", async () => {
  const told: string[] = [];
  const serialized: SerializedTransport = new SerializedTransport(new MemoryTransport(), {
    receive(bytes, start, end) {
      told.push(new TextDecoder().decode(bytes.subarray(start, end)));
      if (told.length === 1) serialized.transportClosed();
      return true;
    },
    receiveEnd: () => void told.push("end"),
    drained() {},
    transportClosed: () => void told.push("closed"),
  });
  serialized.start();
  serialized.enter();
  serialized.receive(new TextEncoder().encode("a"), 0, 1);
  serialized.receive(new TextEncoder().encode("b"), 0, 1);
  serialized.receiveEnd();
  serialized.leave();
  await settled();
  assert.deepEqual(told, ["a", "b", "end", "closed"]);
});

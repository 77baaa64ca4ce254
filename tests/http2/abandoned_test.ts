/** A client that vanishes: whatever it has sent by then, its connection ends, and nothing of it is left. */
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { MemoryTransport } from "../../src/adapters/memory.ts";
import type { ConnectionOptions } from "../../src/api/options.ts";
import type { Connection } from "../../src/api/transport.ts";
import { connectionSettings } from "../../src/options/settings.ts";
import { HttpServer } from "../../src/server/http_server.ts";
import { concat } from "../support/bytes.ts";
import { FakeClock } from "../support/fake_clock.ts";
import {
  FLAG,
  frame,
  PREFACE,
  rawHead,
  request,
  SETTING,
  settingsPayload,
  uint32,
} from "../support/http2_client.ts";
import { ReferenceEncoder } from "../support/hpack.ts";
import { settled } from "../support/memory.ts";

/** Longer than all timeouts together, in milliseconds. */
const LONG = 3_600_000;

const OPTIONS: ConnectionOptions = {
  http2: { pingInterval: 0 },
  onError: () => {},
  async exchange(x) {
    switch (x.target) {
      case "/large":
        return x.respond(200, {}, new Uint8Array(200_000));
      case "/stream":
        x.start(200);
        for (let i = 0; i < 20; i++) if (!x.write(new Uint8Array(10_000))) await x.ready();
        return x.end(null, { "x-sum": "9" });
      case "/early":
        return x.respond(403);
      case "/echo":
        x.start(200);
        for await (const bytes of x.chunks()) if (!x.write(bytes)) await x.ready();
        return x.end();
      case "/shutdown":
        x.connection.shutdown();
        return x.respond(200);
      case "/close":
        return x.respond(200, { connection: "close" });
      default:
        return x.respond(200, {}, await x.text());
    }
  },
};

type Step = (encoder: ReferenceEncoder, id: number) => Uint8Array;

const head = (method: string, path: string, flags: number): Step => (encoder, id) =>
  frame("HEADERS", flags | FLAG.endHeaders, id, encoder.encode(request({ method, path })));

const PATHS = ["/", "/large", "/stream", "/early", "/echo", "/shutdown", "/close"];
const STEPS: Step[] = [
  ...PATHS.map((path) => head("GET", path, FLAG.end)),
  ...PATHS.map((path) => head("POST", path, 0)),
  (_, id) => frame("DATA", 0, Math.max(1, id - 2), "some of a body"),
  (_, id) => frame("DATA", FLAG.end, Math.max(1, id - 2), "the end"),
  (_, id) => concat([rawHead(100, 0, 0, Math.max(1, id - 2)), "half a frame"]),
  (_, id) => frame("RST_STREAM", 0, Math.max(1, id - 2), uint32(8)),
  (encoder, id) => frame("HEADERS", FLAG.end, id, encoder.encode(request())),
  () => frame("SETTINGS", 0, 0, settingsPayload([[SETTING.initialWindowSize, 5]])),
  () => frame("WINDOW_UPDATE", 0, 0, uint32(100_000)),
  () => frame("PING", FLAG.ack, 0, "goaway 1"),
  () => frame("PING", 0, 0, "12345678"),
];

/** How the client vanishes. */
type Way = "silent" | "half-closed" | "stalled" | "reset";

interface Left {
  readonly connection: Connection;
  readonly server: HttpServer;
  readonly clock: FakeClock;
  readonly transport: MemoryTransport;
}

async function abandon(input: Uint8Array, stallsAt: number, way: Way): Promise<Left> {
  const clock = new FakeClock();
  const server = new HttpServer(OPTIONS, connectionSettings(OPTIONS), clock);
  await server.loaded;
  const transport = new MemoryTransport();
  const { facade: connection } = server.accept(transport);
  transport.send(input.subarray(0, stallsAt));
  await settled();
  if (way === "stalled") transport.takesWrites = false;
  transport.send(input.subarray(stallsAt));
  await settled();
  if (way === "half-closed") transport.sendEnd();
  if (way === "reset") transport.reset();
  for (let passed = 0; passed < LONG && connection.state !== "closed"; passed += LONG / 40) {
    await settled();
    clock.advance(LONG / 40);
  }
  await settled();
  return { connection, server, clock, transport };
}

test("a client that vanishes at any point leaves nothing: no connection, no handler's request, no timer", async () => {
  const inputs = fc.array(fc.constantFrom(...STEPS), { maxLength: 10 });
  const ways = fc.constantFrom<Way>("silent", "half-closed", "stalled", "reset");
  await fc.assert(
    fc.asyncProperty(inputs, fc.nat(), fc.nat(), ways, async (steps, end, stall, way) => {
      const encoder = new ReferenceEncoder();
      const parts = steps.map((step, i) => step(encoder, 1 + 2 * i));
      const whole = concat([PREFACE, frame("SETTINGS", 0, 0), frame("SETTINGS", FLAG.ack, 0), ...parts]);
      const input = whole.subarray(0, whole.length - end % 30);
      const { connection, server, clock } = await abandon(input, stall % (input.length + 1), way);
      assert.equal(connection.state, "closed");
      assert.equal(clock.timers, 0);
      const { open, active, idle } = server.stats();
      assert.deepEqual([open, active, idle], [0, 0, 0]);
    }),
    { numRuns: 200 },
  );
});

/** Whatever a client does with its windows: none is exceeded, and every body arrives whole once they are open. */
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import type { Exchange } from "../../src/api/exchange.ts";
import {
  connectHttp2,
  describe,
  FLAG,
  type Frame,
  frame,
  type Http2Client,
  SETTING,
  settingsPayload,
} from "../support/http2_client.ts";
import { settled } from "../support/memory.ts";

type Step =
  | { readonly kind: "get"; readonly size: number; readonly way: number; readonly urgency: number }
  | { readonly kind: "widen"; readonly stream: number; readonly by: number }
  | { readonly kind: "initial"; readonly value: number }
  | { readonly kind: "cancel"; readonly stream: number }
  | { readonly kind: "stall" | "drain" };

/** The client's account of its windows, and of what has come. */
class Account {
  connection = 65_535;
  readonly windows = new Map<number, number>();
  readonly received = new Map<number, number>();
  readonly ended = new Set<number>();
  /** Values of INITIAL_WINDOW_SIZE that were sent, and not acknowledged. */
  readonly sent: number[] = [];
  #initial = 65_535;

  open(stream: number): void {
    this.windows.set(stream, this.#initial);
    this.received.set(stream, 0);
  }

  #acknowledged(): void {
    const value = this.sent.shift()!;
    for (const [stream, window] of this.windows) this.windows.set(stream, window + value - this.#initial);
    this.#initial = value;
  }

  take(frames: readonly Frame[]): void {
    for (const frame of frames) {
      const { type, stream, payload, flags } = frame;
      if (type === "SETTINGS") this.#acknowledged();
      assert.ok(type !== "GOAWAY" && type !== "RST_STREAM", describe(frame));
      if (type !== "DATA" && type !== "HEADERS") continue;
      assert.ok(!this.ended.has(stream), `${describe(frame)} behind the end`);
      if ((flags & FLAG.end) !== 0) this.ended.add(stream);
      if (type === "HEADERS") continue;
      this.connection -= payload.length;
      this.windows.set(stream, this.windows.get(stream)! - payload.length);
      this.received.set(stream, this.received.get(stream)! + payload.length);
      if (payload.length === 0) continue;
      assert.ok(
        this.connection >= 0 && this.windows.get(stream)! >= 0,
        `${describe(frame)} is more than is allowed`,
      );
    }
  }
}

/** Answers `/size/way`: in one go, as a text, in parts, in parts with a length, or in parts that wait. */
async function exchange(x: Exchange): Promise<void> {
  const [, size, way] = x.target.split("/").map(Number);
  const part = new Uint8Array(Math.ceil(size / 3));
  switch (way) {
    case 0:
      return x.respond(200, {}, new Uint8Array(size));
    case 1:
      return x.respond(200, {}, "x".repeat(size));
    default:
      x.start(200, way === 2 ? { "content-length": size } : {});
  }
  for (let left = size; left > 0; left -= part.length) {
    if (!x.write(part.subarray(0, Math.min(left, part.length))) && way === 3) await x.ready();
  }
  x.end(null, way === 4 ? { "x-sum": "9" } : undefined);
}

const index = fc.nat({ max: 9 });
const small = fc.oneof(fc.nat({ max: 40 }), fc.nat({ max: 40_000 }));
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constant("get" as const),
      size: fc.oneof(fc.nat({ max: 50 }), fc.nat({ max: 100_000 })),
      way: fc.nat({ max: 4 }),
      urgency: fc.nat({ max: 7 }),
    }),
  },
  { weight: 4, arbitrary: fc.record({ kind: fc.constant("widen" as const), stream: index, by: small }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant("initial" as const), value: small }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("cancel" as const), stream: index }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constantFrom("stall" as const, "drain" as const) }) },
);

function setInitial(peer: Http2Client, value: number): void {
  peer.send(frame("SETTINGS", 0, 0, settingsPayload([[SETTING.initialWindowSize, value]])));
}

test("windows hold in any order of requests, WINDOW_UPDATE, SETTINGS, resets, and stalls of the transport", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 25 }), async (steps) => {
      const { peer, client, connection } = await connectHttp2({ exchange, highWaterMark: 20_000 });
      const account = new Account();
      const sizes = new Map<number, number>();
      const read = (): void => account.take(peer.read());
      let lastId = -1;
      for (const chosen of steps) {
        const streams = [...sizes.keys()];
        switch (chosen.kind) {
          case "get": {
            const id = lastId += 2;
            account.open(id);
            sizes.set(id, chosen.size);
            peer.get(id, `/${chosen.size}/${chosen.way}`, ["priority", `u=${chosen.urgency}, i`]);
            break;
          }
          case "widen": {
            if (chosen.by === 0) break;
            const id = chosen.stream === 0 ? 0 : streams[chosen.stream % streams.length];
            if (id === undefined) break;
            if (id === 0) account.connection += chosen.by;
            else account.windows.set(id, account.windows.get(id)! + chosen.by);
            peer.widen(id, chosen.by);
            break;
          }
          case "initial":
            account.sent.push(chosen.value);
            setInitial(peer, chosen.value);
            break;
          case "cancel": {
            const id = streams[chosen.stream % streams.length];
            if (id === undefined || account.ended.has(id)) break;
            peer.cancel(id);
            sizes.delete(id);
            break;
          }
          case "stall":
            client.takesWrites = false;
            break;
          case "drain":
            client.drain();
        }
        await settled();
        read();
      }
      client.drain();
      await settled();
      for (let i = 0; i < 200 && [...sizes.keys()].some((id) => !account.ended.has(id)); i++) {
        read();
        account.connection += 100_000;
        peer.widen(0, 100_000);
        for (const id of sizes.keys()) {
          if (account.ended.has(id)) continue;
          account.windows.set(id, account.windows.get(id)! + 100_000);
          peer.widen(id, 100_000);
        }
        await settled();
      }
      read();
      for (const [id, size] of sizes) assert.equal(account.received.get(id), size, `stream ${id}`);
      assert.equal(connection.state, steps.some(({ kind }) => kind === "get") ? "idle" : "new");
    }),
    { numRuns: 150 },
  );
});

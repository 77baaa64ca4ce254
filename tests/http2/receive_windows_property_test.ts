/** Whatever the windows of the options, and however bodies are read: a client that keeps to them never stands still. */
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { FLAG, frame, Http2Client, PREFACE } from "../support/http2_client.ts";
import { connect, settled } from "../support/memory.ts";

/** A client's account of what it may send, by streams; 0 is the connection. */
type Windows = Map<number, number>;

/** Takes what has come; answers whether the body on each stream was answered with its length. */
function read(peer: Http2Client, windows: Windows, answers: Map<number, string>): void {
  for (const { type, stream, payload } of peer.read()) {
    assert.ok(type !== "GOAWAY" && type !== "RST_STREAM", type);
    if (type === "WINDOW_UPDATE") {
      const increment = new DataView(payload.buffer, payload.byteOffset).getUint32(0);
      windows.set(stream, windows.get(stream)! + increment);
    }
    if (type === "DATA") answers.set(stream, new TextDecoder().decode(payload));
  }
}

const options = fc.record({
  initial: fc.constantFrom(1_024, 5_000, 65_535, 100_000),
  growth: fc.constantFrom(0, 1, 200_000),
  /** When the client has read our SETTINGS, in rounds. */
  acknowledgedAt: fc.nat({ max: 20 }),
  sizes: fc.array(fc.nat({ max: 100_000 }), { minLength: 1, maxLength: 4 }),
  parts: fc.constantFrom(700, 16_384),
  padding: fc.constantFrom(0, 200),
  /** How the handler reads: all, or a part at a time with so many pauses. */
  pauses: fc.constantFrom(-1, 0, 2),
});

test("bodies arrive whole, whatever the windows are and however they are read", async () => {
  await fc.assert(
    fc.asyncProperty(options, async (chosen) => {
      const { initial, growth, acknowledgedAt, sizes, parts, padding, pauses } = chosen;
      const { client, server } = connect({
        http2: { initialWindowSize: initial, maxWindowSize: initial + growth },
        async exchange(x) {
          let length = 0;
          if (pauses < 0) length = (await x.bytes()).length;
          else {
            for await (const bytes of x.chunks()) {
              length += bytes.length;
              for (let i = 0; i < pauses; i++) await settled();
            }
          }
          x.respond(200, {}, String(length));
        },
      });
      await server.loaded;
      const peer = new Http2Client(client);
      peer.send(PREFACE, frame("SETTINGS", 0, 0));
      const windows: Windows = new Map([[0, 65_535]]);
      const answers = new Map<number, string>();
      const left = new Map(sizes.map((size, i) => [1 + 2 * i, size]));
      for (const id of left.keys()) {
        windows.set(id, 65_535);
        peer.post(id);
      }
      for (let round = 0; answers.size < sizes.length; round++) {
        assert.ok(round < 5_000, `it stands still: ${JSON.stringify([...left])}`);
        read(peer, windows, answers);
        if (round === acknowledgedAt) {
          for (const id of left.keys()) windows.set(id, windows.get(id)! + initial - 65_535);
          peer.send(frame("SETTINGS", FLAG.ack, 0));
        }
        for (const [id, size] of left) {
          if (size < 0) continue;
          const overhead = padding > 0 ? 1 + padding : 0;
          const room = Math.min(windows.get(0)!, windows.get(id)!, 16_384) - overhead;
          const count = Math.min(size, parts, room);
          if (count < 0 || (count === 0 && size > 0)) continue;
          const isLast = count === size;
          const content = "x".repeat(count);
          const payload = padding > 0
            ? String.fromCharCode(padding) + content + "\0".repeat(padding)
            : content;
          peer.data(id, payload, (isLast ? FLAG.end : 0) | (padding > 0 ? FLAG.padded : 0));
          for (const window of [0, id]) windows.set(window, windows.get(window)! - payload.length);
          left.set(id, isLast ? -1 : size - count);
        }
        await settled();
      }
      for (const [i, size] of sizes.entries()) assert.equal(answers.get(1 + 2 * i), String(size));
    }),
    { numRuns: 30 },
  );
});

/** However the input is cut, the output is the same. */
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { MemoryTransport } from "../../src/adapters/memory.ts";
import { HttpServer } from "../../src/server/http_server.ts";
import { connectionSettings } from "../../src/options/settings.ts";
import type { ConnectionOptions } from "../../src/api/options.ts";
import type { Connection } from "../../src/api/transport.ts";
import { concat } from "../support/bytes.ts";
import { FakeClock } from "../support/fake_clock.ts";
import {
  describe,
  FLAG,
  frame,
  Http2Client,
  PREFACE,
  rawHead,
  request,
  SETTING,
  settingsPayload,
  uint32,
} from "../support/http2_client.ts";
import { ReferenceEncoder } from "../support/hpack.ts";
import { settled } from "../support/memory.ts";
import { cutsFrom } from "../wire/helpers.ts";

const OPTIONS: ConnectionOptions = {
  http2: { maxConcurrentStreams: 5, maxWindowSize: 65_535 },
  maxBodyBytes: 200,
  maxHeaders: 10,
  onError: () => {},
  exchange(x) {
    if (x.target === "/waits") return;
    if (x.method !== "POST") return x.respond(200, {}, x.target);
    return x.text().then((text) => x.respond(200, {}, text));
  },
};

/** A frame, or several, of a client. It is made of an encoder and the next stream. */
type Step = (encoder: ReferenceEncoder, id: number) => Uint8Array;

const head = (
  encoder: ReferenceEncoder,
  id: number,
  method: string,
  path: string,
  flags: number,
): Uint8Array =>
  frame("HEADERS", flags | FLAG.endHeaders, id, encoder.encode(request({ method, path }, ["x-a", path])));

const GOOD: Step[] = [
  (encoder, id) => head(encoder, id, "GET", "/a", FLAG.end),
  (encoder, id) => head(encoder, id, "GET", "/waits", FLAG.end),
  (encoder, id) => {
    const block = encoder.encode(request({ path: "/parts" }));
    const [first, rest] = [block.subarray(0, 2), block.subarray(2)];
    return concat([frame("HEADERS", FLAG.end, id, first), frame("CONTINUATION", FLAG.endHeaders, id, rest)]);
  },
  (encoder, id) => concat([head(encoder, id, "POST", "/b", 0), frame("DATA", FLAG.end, id, "body")]),
  (encoder, id) =>
    concat([
      head(encoder, id, "POST", "/b", 0),
      frame("DATA", FLAG.padded, id, "\x03body\0\0\0"),
      frame("HEADERS", FLAG.end | FLAG.endHeaders, id, encoder.encode([["x-t", "1"]])),
    ]),
  (encoder, id) =>
    concat([head(encoder, id, "POST", "/b", 0), frame("DATA", FLAG.end, id, new Uint8Array(201))]),
  (encoder, id) =>
    concat([head(encoder, id, "GET", "/waits", FLAG.end), frame("RST_STREAM", 0, id, uint32(8))]),
  (encoder, id) => concat([head(encoder, id, "GET", "/waits", FLAG.end), frame("DATA", 0, id, "late")]),
  (encoder, id) => frame("HEADERS", FLAG.end | FLAG.endHeaders, id, encoder.encode([[":path", "/"]])),
  () => frame("PING", 0, 0, "12345678"),
  () => frame("PRIORITY", 0, 1, "12345"),
  () => frame("WINDOW_UPDATE", 0, 0, uint32(1)),
  () => frame("SETTINGS", 0, 0, settingsPayload([[SETTING.initialWindowSize, 10]])),
  () => frame("SETTINGS", 0, 0, settingsPayload([[SETTING.initialWindowSize, 65_535]])),
  () => concat([rawHead(3, 0xaa, 0, 0), "abc"]),
];

/** What ends a connection. */
const BAD: Step[] = [
  () => frame("PING", 0, 0, "1"),
  () => rawHead(20_000, 0, 0, 1),
  () => frame("DATA", 0, 0, "x"),
  (_, id) => frame("HEADERS", FLAG.end | FLAG.endHeaders, id, "\x80"),
  (_, id) => concat([frame("HEADERS", 0, id, ""), frame("PING", 0, 0, "12345678")]),
];

const server = new HttpServer(OPTIONS, connectionSettings(OPTIONS), new FakeClock());
await server.loaded;

/** One client of the server, which sends its input in parts. */
class Segments {
  readonly #transport = new MemoryTransport();
  readonly #connection: Connection = server.accept(this.#transport).facade;
  readonly #input: Uint8Array;
  readonly #cuts: number[];
  #at = 0;

  constructor(input: Uint8Array, cuts: readonly number[]) {
    this.#input = input;
    this.#cuts = [...cuts];
  }

  /** Sends the next part; answers whether there are more. */
  send(): boolean {
    const cut = this.#cuts.shift() ?? this.#at;
    const part = this.#input.slice(this.#at, cut);
    this.#transport.send(part);
    part.fill(0xff); // memory is the transport's
    this.#at = cut;
    return this.#cuts.length > 0;
  }

  /** All that came, as texts, and how the connection is. */
  answers(): string[] {
    const peer = new Http2Client(this.#transport);
    const told = peer.read().map((frame) =>
      `${describe(frame)} ${frame.fields.filter(([name]) => name !== "date")}`
    );
    assert.equal(peer.rest, 0);
    told.push(`${this.#connection.state} ${this.#transport.ended}`);
    this.#connection.close();
    return told;
  }
}

/** What the server sends to `input` in these parts. */
async function answers(input: Uint8Array, cuts: readonly number[]): Promise<string[]> {
  const segments = new Segments(input, cuts);
  while (segments.send());
  await settled();
  return segments.answers();
}

function inputOf(steps: readonly Step[]): Uint8Array {
  const encoder = new ReferenceEncoder();
  const parts = steps.map((step, i) => step(encoder, 1 + 2 * i));
  return concat([PREFACE, frame("SETTINGS", 0, 0), frame("SETTINGS", FLAG.ack, 0), ...parts]);
}

test("any segmentation of the input gives the same output", async () => {
  const steps = fc.array(fc.constantFrom(...GOOD, ...GOOD, ...BAD), { maxLength: 12 });
  await fc.assert(
    fc.asyncProperty(steps, fc.array(fc.nat(), { maxLength: 30 }), async (chosen, numbers) => {
      const encoder = new ReferenceEncoder();
      const parts = chosen.map((step, i) => step(encoder, 1 + 2 * i));
      const input = concat([PREFACE, frame("SETTINGS", 0, 0), frame("SETTINGS", FLAG.ack, 0), ...parts]);
      const whole = await answers(input, [input.length]);
      assert.deepEqual(await answers(input, cutsFrom(numbers, input.length)), whole);
      assert.deepEqual(await answers(input, Array.from(input, (_, i) => i + 1)), whole);
    }),
    { numRuns: 150 },
  );
});

test("any octets give an answer, and no more than one GOAWAY", async () => {
  await fc.assert(
    fc.asyncProperty(fc.uint8Array({ maxLength: 200 }), async (octets) => {
      const told = await answers(concat([PREFACE, frame("SETTINGS", 0, 0), octets]), [
        24 + 9 + octets.length,
      ]);
      assert.ok(told.filter((text) => text.startsWith("GOAWAY")).length <= 1);
    }),
    { numRuns: 500 },
  );
});

test("connections whose inputs come in turns get what each gets alone, though streams are used again", async () => {
  const steps = fc.array(fc.constantFrom(...GOOD, ...GOOD, ...BAD), { maxLength: 8 });
  const client = fc.tuple(steps, fc.array(fc.nat(), { maxLength: 20 }));
  const turns = fc.array(fc.nat({ max: 2 }), { maxLength: 60 });
  await fc.assert(
    fc.asyncProperty(fc.tuple(client, client, client), turns, async (clients, order) => {
      const inputs = clients.map(([chosen, numbers]) => {
        const input = inputOf(chosen);
        return { input, cuts: cutsFrom(numbers, input.length) };
      });
      const alone: string[][] = [];
      for (const { input, cuts } of inputs) alone.push(await answers(input, cuts));
      const together = inputs.map(({ input, cuts }) => new Segments(input, cuts));
      for (const turn of order) together[turn].send();
      for (const segments of together) while (segments.send());
      await settled();
      assert.deepEqual(together.map((segments) => segments.answers()), alone);
    }),
    { numRuns: 150 },
  );
});

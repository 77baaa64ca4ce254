/**
 * Kinds of clients: those that behave, those that are slow, and those that leave in the middle of anything. Each
 * opens one connection, and throws where an answer is not what it should be.
 */
import assert from "node:assert/strict";
import { setTimeout as delay } from "node:timers/promises";
import type { Prng } from "../simulation/prng.ts";
import { assertSameBytes, concat, toBytes } from "../support/bytes.ts";
import { assertBodyOf, assertHashOf, type Link, type Place, Retired } from "./place.ts";
import { bodyOf, eventOf, MAX_BODY } from "./spec.ts";

/** What a client does with its connection. */
type Client = (link: Link, random: Prng) => Promise<void>;

/** A client of a kind, at a place. */
export async function runClient(kind: string, place: Place, random: Prng): Promise<void> {
  using link = await place.connect();
  try {
    await CLIENTS[kind](link, random);
    place.tally.finished(kind);
  } catch (error) {
    if (!(error instanceof Retired)) throw error;
    place.tally.retired++;
  }
}

const KEEP_ALIVE_REQUESTS = 30;
const PIPELINED = 20;
/** Bytes of a body that fits into one write, mostly. */
const SMALL = 4_000;
/**
 * The most of a body that is echoed and that its client sends without reading: what fits into the buffers of sockets both
 * ways. With more, each side would wait for the other until `writeTimeout`.
 */
const UNREAD_ECHO = 64 * 1024;
/** Events that a client waits for at the most, and more than it ever gets. */
const [EVENTS, MANY_EVENTS] = [10, 2_000];
/** How long those that are slow wait, each time, in milliseconds. */
const SLOW = 15;

const CLIENTS: Readonly<Record<string, Client>> = {
  async "kept alive"(link, random) {
    for (let left = random.between(1, KEEP_ALIVE_REQUESTS); left > 0 && !link.isOver; left--) {
      await exchange(link, random);
    }
    if (link.isOver) await link.assertEnd();
  },

  async "one request"(link, random) {
    const spec = link.spec("whole", random.next(), random.size(SMALL));
    await link.send(link.head(spec, { lines: ["Connection: close"] }));
    assertBodyOf(spec, await link.answer(spec));
    await link.assertEnd();
  },

  async "pipelining"(link, random) {
    const specs = Array.from({ length: random.between(2, PIPELINED) }, () => {
      const what = random.pick(["whole", "whole", "late", "pieces"]);
      return link.spec(what, random.next(), random.size(SMALL));
    });
    await inPieces(link, random, toBytes(specs.map((spec) => link.head(spec)).join("")), 3);
    for (const spec of specs) {
      assertBodyOf(spec, await link.answer(spec));
      if (link.isOver) return await link.assertEnd();
    }
  },

  async "slow reader"(link, random) {
    const spec = link.spec(random.pick(["whole", "pieces"]), random.next(), random.between(SMALL, MAX_BODY));
    await link.send(link.head(spec));
    await delay(random.between(1, 20) * SLOW);
    assertBodyOf(spec, await link.answer(spec));
  },

  async "slow upload"(link, random) {
    const body = bodyOf(random.next(), random.between(1, MAX_BODY));
    const spec = link.spec("hash", 0, 0);
    await link.send(link.head(spec, upload(body)));
    await inPieces(link, random, body, 10, SLOW);
    assertHashOf(body, await link.answer(spec));
  },

  async "chunked upload"(link, random) {
    const body = bodyOf(random.next(), random.size(MAX_BODY));
    const spec = link.spec(random.pick(["hash", "echo"]), 0, 0);
    const wire = concat([
      link.head(spec, { method: "POST", lines: ["Transfer-Encoding: chunked"] }),
      chunked(pieces(random, body, 20)),
    ]);
    // The answer begins before the upload ends.
    const [response] = await Promise.all([link.answer(spec), inPieces(link, random, wire, 10)]);
    if (spec.what === "hash") assertHashOf(body, response);
    else assertSameBytes(response.body, body);
  },

  async "upload that nobody reads"(link, random) {
    const body = bodyOf(random.next(), random.size(64 * 1024));
    const spec = link.spec("unread", 0, 0);
    await link.send(link.head(spec, upload(body)), body);
    assert.equal((await link.answer(spec)).text, "unread");
    if (!link.isOver) await exchange(link, random);
  },

  async "expecting 100"(link, random) {
    const body = bodyOf(random.next(), random.size(SMALL) + 1);
    const spec = link.spec("hash", 0, 0);
    const { method, lines } = upload(body);
    await link.send(link.head(spec, { method, lines: [...lines, "Expect: 100-continue"] }));
    assert.equal((await link.next()).status, 100);
    await link.send(body);
    assertHashOf(body, await link.answer(spec));
  },

  async "half-closing"(link, random) {
    const specs = Array.from({ length: random.between(1, 5) }, () => {
      return link.spec(random.pick(["whole", "late"]), random.next(), random.size(MAX_BODY));
    });
    await link.send(specs.map((spec) => link.head(spec)).join(""));
    link.end();
    for (const spec of specs) {
      assertBodyOf(spec, await link.answer(spec));
      if (link.isOver) break;
    }
    await link.assertEnd();
  },

  async "upgrading"(link, random) {
    const spec = link.spec("upgrade", 0, 0);
    const sent = bodyOf(random.next(), random.size(64 * 1024));
    await link.send(link.head(spec, { lines: ["Connection: upgrade", "Upgrade: echo"] }));
    const { status, headers } = await link.next();
    assert.deepEqual([status, headers.get("x-id")], [101, spec.id]);
    const [echoed] = await Promise.all([link.readBytes(sent.length), inPieces(link, random, sent, 5)]);
    assertSameBytes(echoed, sent);
    link.end();
    await link.assertEnd();
  },

  async "event stream"(link, random) {
    const spec = link.spec("events", 0, 0);
    await link.send(link.head(spec));
    const { status, headers } = await link.next(true);
    assert.deepEqual([status, headers.get("x-id")], [200, spec.id]);
    if (headers.get("content-length") === "0") return; // the server drained before the first event
    // Those that are ready leave together.
    const expected = Array.from({ length: MANY_EVENTS }, (_, count) => eventOf(spec.id, count)).join("");
    const awaited = eventOf(spec.id, 0).length * random.between(1, EVENTS);
    for (let text = ""; text.length < awaited;) {
      const chunk = new TextDecoder().decode(await link.chunk());
      if (chunk === "") return; // the server drains
      text += chunk;
      assert.equal(text, expected.slice(0, text.length));
    }
    leave(link, random);
  },

  async "malformed"(link, random) {
    await link.send(
      random.pick(["GET / HTTP/1.1\r\n\r\n", "G\0T / HTTP/1.1\r\nHost: a\r\n\r\n", "\x16\x03\x01\r\n\r\n"]),
    );
    assert.equal((await link.next()).status, 400);
    await link.assertEnd();
  },

  async "half a head"(link, random) {
    const head = link.head(link.spec("whole", 0, 0));
    await link.send(head.slice(0, random.between(1, head.length - 1)));
    await delay(random.between(0, SLOW));
    leave(link, random);
  },

  async "broken-off upload"(link, random) {
    const what = random.pick(["hash", "echo"]);
    const body = bodyOf(random.next(), random.between(2, what === "echo" ? UNREAD_ECHO : MAX_BODY));
    const spec = link.spec(what, 0, 0);
    await link.send(link.head(spec, upload(body)), body.subarray(0, random.below(body.length)));
    await delay(random.between(0, SLOW));
    leave(link, random);
  },

  async "leaves while it is answered"(link, random) {
    const spec = link.spec(
      random.pick(["late", "pieces", "never"]),
      random.next(),
      random.between(1, MAX_BODY),
    );
    // With something behind the request, or not.
    await link.send(link.head(spec), random.pick(["", "", "G", "\r\n", link.head(spec)]));
    await delay(random.between(0, SLOW));
    leave(link, random);
  },

  async "leaves at once"(link, random) {
    leave(link, random);
  },
};

/** The kinds of clients. */
export const KINDS: readonly string[] = Object.keys(CLIENTS);

/** One request of a common kind, and its answer. */
async function exchange(link: Link, random: Prng): Promise<void> {
  const what = random.weighted([[6, "whole"], [1, "HEAD"], [1, "late"], [2, "pieces"], [2, "hash"]]);
  if (what === "hash") {
    const body = bodyOf(random.next(), random.size(SMALL));
    const spec = link.spec(what, 0, 0);
    await link.send(link.head(spec, upload(body)), body);
    return assertHashOf(body, await link.answer(spec));
  }
  const method = what === "HEAD" ? "HEAD" : "GET";
  const spec = link.spec(what === "HEAD" ? "whole" : what, random.next(), random.size(MAX_BODY));
  await link.send(link.head(spec, { method }));
  const response = await link.answer(spec, method);
  if (method === "GET") assertBodyOf(spec, response);
}

/** Half-closes, or resets. */
function leave(link: Link, random: Prng): void {
  if (random.chance(0.3)) link.end();
  link.reset();
}

function upload(body: Uint8Array): { method: string; lines: string[] } {
  return { method: "POST", lines: [`Content-Length: ${body.length}`] };
}

/** Sends `bytes` in one to `most` pieces, with pauses in between. */
async function inPieces(link: Link, random: Prng, bytes: Uint8Array, most: number, ms = 0): Promise<void> {
  for (const piece of pieces(random, bytes, most)) {
    await link.send(piece);
    await delay(ms);
  }
}

/** `bytes` in one to `most` pieces. */
function pieces(random: Prng, bytes: Uint8Array, most: number): Uint8Array[] {
  const cuts = Array.from({ length: random.below(most) }, () => random.below(bytes.length + 1));
  const bounds = [0, ...cuts.sort((a, b) => a - b), bytes.length];
  return bounds.slice(1).map((end, i) => bytes.subarray(bounds[i], end));
}

/** A chunked body of these chunks. */
function chunked(chunks: readonly Uint8Array[]): Uint8Array {
  const full = chunks.filter(({ length }) => length > 0);
  return concat([
    ...full.flatMap((chunk) => [`${chunk.length.toString(16)}\r\n`, chunk, "\r\n"]),
    "0\r\n\r\n",
  ]);
}

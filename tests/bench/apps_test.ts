/** What the application bench computes: the answer to an upload, ratios from rounds, where an answer ends, and latency. */
import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { test } from "node:test";
import { AnswerEnd, framingOf } from "../../bench/apps/clients/answer_end.mjs";
import { OpenLoop } from "../../bench/apps/clients/open_loop.mjs";
import { Digest } from "../../bench/apps/digest.ts";
import { type Entry, figuresOf, latencyFigures, meansOf } from "../../bench/apps/figures.mjs";

/** A server that took so much CPU in its rounds. */
const entry = (id: string, micros: number[], more: Partial<Entry> = {}): Entry => ({
  id,
  rounds: micros.map((cpuMicros) => ({ cpuMicros })),
  ...more,
});

test("a digest does not depend on how the bytes came in chunks", () => {
  const bytes = Uint8Array.from({ length: 10_000 }, (_, i) => i * 7 % 251);
  for (const all of [true, false]) {
    const whole = String(new Digest(all).add(bytes));
    for (const size of [1, 4095, 4096, 4097, 9_999]) {
      const digest = new Digest(all);
      for (let at = 0; at < bytes.length; at += size) digest.add(bytes.subarray(at, at + size));
      assert.equal(String(digest), whole, `${size} bytes in a chunk`);
    }
  }
});

test("a digest of all bytes tells of each", () => {
  const bytes = new Uint8Array(5_000);
  const whole = String(new Digest(true).add(bytes));
  bytes[4_097] = 1;
  assert.notEqual(String(new Digest(true).add(bytes)), whole);
});

test("ratios are taken within a round, and their median is the figure", () => {
  const [mooring, before, peer] = figuresOf([
    entry("mooring", [10, 20, 10], { peer: "peer" }),
    entry("mooring@before", [20, 20, 40], { peer: "peer", here: "mooring" }),
    entry("peer", [20, 10, 10], { peer: "peer" }),
  ]);
  assert.deepEqual(mooring.peerToThis, { median: 1, min: 0.5, max: 2 });
  assert.equal(mooring.thisToHere, undefined);
  assert.deepEqual(before.thisToHere, { median: 2, min: 1, max: 4 });
  assert.equal(peer.peerToThis, undefined);
});

test("a peer that failed leaves no ratio, and the mean is that of the rows that have one", () => {
  const row = (mooring: number, peer: Partial<Entry>) => ({
    servers: figuresOf([entry("mooring", [mooring], { peer: "peer" }), entry("peer", [8], peer)]),
  });
  const results = [row(1, {}), row(4, {}), row(8, { error: "it did not start" })];
  assert.deepEqual([...meansOf(results, "peerToThis")], [["mooring", 4]]);
});

const OF_LENGTH = Buffer.from("HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nhello");
const CHUNKED = Buffer.from("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n");
/** The same answer in other chunks. */
const CHUNKED_ANEW = Buffer.from(
  "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\nhe\r\n3\r\nllo\r\n0\r\n\r\n",
);

test("the framing of an answer is known when all of it is there", () => {
  assert.equal(framingOf(OF_LENGTH.subarray(0, -1)), undefined);
  assert.deepEqual(framingOf(OF_LENGTH), { isChunked: false, length: OF_LENGTH.length });
  assert.equal(framingOf(CHUNKED.subarray(0, -1)), undefined);
  assert.deepEqual(framingOf(CHUNKED), { isChunked: true, length: CHUNKED.length });
});

test("an answer ends with its last byte, however it came in pieces, and the next one likewise", () => {
  for (const [sample, answer] of [[OF_LENGTH, OF_LENGTH], [CHUNKED, CHUNKED], [CHUNKED, CHUNKED_ANEW]]) {
    const begin = 12; // with the status
    for (let size = 1; size <= answer.length; size++) {
      const end = new AnswerEnd(framingOf(sample)!);
      for (let turn = 0; turn < 2; turn++) {
        assert.equal(end.add(answer.subarray(0, begin)), false);
        for (let at = begin; at < answer.length; at += size) {
          const isLast = at + size >= answer.length;
          assert.equal(end.add(answer.subarray(at, at + size)), isLast, `${size} bytes in a piece, at ${at}`);
        }
      }
    }
  }
});

test("another answer than the one expected is an error", () => {
  const end = () => new AnswerEnd(framingOf(OF_LENGTH)!);
  assert.throws(() => end().add(Buffer.from("HTTP/1.1 503 ")), /wrong status/);
  assert.throws(() => end().add(Buffer.concat([OF_LENGTH, Buffer.from("!")])), /bytes instead of/);
});

/** A loop on a clock that is set, whose one connection is answered when the test says so. */
function openLoop(total: number) {
  const state = { now: 0, answer: () => {}, latencies: [] as number[] };
  const loop = new OpenLoop({
    connections: [{ ask: (onAnswer) => void (state.answer = onAnswer) }],
    rate: 1000,
    total,
    clock: () => state.now,
    record: (latency) => state.latencies.push(latency),
  });
  return { loop, state };
}

test("a server that stalls is late for each request that was due meanwhile", () => {
  const { loop, state } = openLoop(3);
  loop.sendDue();
  state.now = 10;
  loop.sendDue(); // two more are due, and wait for the connection
  assert.deepEqual(state.latencies, []);
  for (let i = 0; i < 3; i++) state.answer();
  assert.deepEqual(state.latencies, [10, 9, 8]);
  assert.equal(loop.unanswered, 0);
});

test("no request is sent before it is due", () => {
  const { loop, state } = openLoop(2);
  loop.sendDue();
  state.now = 0.5;
  const first = state.answer;
  first();
  loop.sendDue();
  assert.equal(state.answer, first);
  state.now = 1;
  loop.sendDue();
  assert.notEqual(state.answer, first);
});

test("requests that get no answer are as late as the end finds them", () => {
  const { loop, state } = openLoop(3);
  loop.sendDue();
  state.now = 100;
  assert.equal(loop.unanswered, 3);
  loop.giveUp();
  assert.deepEqual(state.latencies, [100, 99, 98]);
});

test("latencies of a server are the medians of its rounds, and their spread", () => {
  const round = (p50: number, p99: number, unanswered: number) => ({ p50, p99, busy: p50 / 10, unanswered });
  const [mooring, peer] = latencyFigures([
    { id: "mooring", rate: 5000, latencies: [round(3, 30, 0), round(1, 90, 2), round(2, 60, 0)] },
    { id: "peer", error: "it did not start" },
  ]);
  assert.equal(mooring.rate, 5000);
  assert.deepEqual(mooring.p50, { median: 2, min: 1, max: 3 });
  assert.deepEqual(mooring.p99, { median: 60, min: 30, max: 90 });
  assert.equal(mooring.busy, 0.2);
  assert.equal(mooring.unanswered, 2);
  assert.equal(peer.error, "it did not start");
  assert.equal(peer.p50, undefined);
});

/**
 * Bodies of 1 GiB through peers that stop now and then: whoever sends is stopped too, whoever passes the bytes on
 * keeps next to nothing of them, and all of them arrive. The server is a process of its own, so that the client's
 * memory does not count.
 */
import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import process from "node:process";
import test from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { createHash } from "node:crypto";
import { fileURLToPath } from "node:url";
import { connectTcp } from "../support/byte_streams.ts";
import { inTime } from "../support/deadline.ts";
import { GIBIBYTE, hashOfPieces, PIECE, piece, STOP_EVERY } from "../support/gibibyte.ts";
import { get } from "../support/memory.ts";
import type { MemoryState } from "../support/memory_server.ts";
import { WireClient } from "../support/wire_client.ts";

const MIB = 1024 * 1024;
/** How much the server may grow. */
const MAX_GROWTH = 100_000_000;
/** More than all buffers of the system and of both sides on the way hold together. */
const MAX_AHEAD = 64 * MIB;
/**
 * What the server has passed on before its memory is looked at: enough for the garbage that a collector lets pile
 * up whatever the traffic, which is 64 MB of buffers in V8 before it looks at them.
 */
const WARM_UP = 128 * MIB;
/** Milliseconds between two looks at somebody who may have stopped, and how often it must not have moved. */
const LOOK = 20;
const CHECKS_PER_TIMEOUT = 5;

type Kind = "fetch" | "exchange";

/** The process that serves, and a connection to ask it things. */
class ServerProcess implements AsyncDisposable {
  readonly #child: ChildProcess;
  readonly #ports: Readonly<Record<Kind, number>>;
  readonly #control: WireClient;

  private constructor(child: ChildProcess, ports: Record<Kind, number>, control: WireClient) {
    this.#child = child;
    this.#ports = ports;
    this.#control = control;
  }

  static async start(): Promise<ServerProcess> {
    const extension = import.meta.url.slice(import.meta.url.lastIndexOf("."));
    const file = fileURLToPath(new URL(`../support/memory_server${extension}`, import.meta.url));
    const flags = "Deno" in globalThis ? ["run", "-A", "--no-check"] : [];
    const child = spawn(process.execPath, [...flags, file], { stdio: ["ignore", "pipe", "inherit"] });
    const line = new Promise<string>((resolve, reject) => {
      let log = "";
      child.stdout.setEncoding("utf8").on("data", (text: string) => {
        log += text;
        if (log.includes("\n")) resolve(log);
      });
      child.on("close", () => reject(new Error(`the server ended: ${log}`)));
    });
    try {
      const ports = JSON.parse(await inTime(line, "the start of the server"));
      return new ServerProcess(child, ports, new WireClient(await connectTcp(ports.exchange)));
    } catch (error) {
      child.kill("SIGKILL");
      throw error;
    }
  }

  async connect(kind: Kind): Promise<WireClient> {
    return new WireClient(await connectTcp(this.#ports[kind]));
  }

  async ask(target: string): Promise<MemoryState> {
    await this.#control.send(get(target));
    return JSON.parse((await this.#control.response()).text || "null");
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#control.reset();
    const ended = new Promise((resolve) => this.#child.on("close", resolve));
    this.#child.kill("SIGKILL");
    await ended;
  }
}

/** What was seen of a transfer. */
interface Seen {
  /** How often who sends was found at a stop, and by how much it was ahead of who reads, at the most. */
  stops: number;
  ahead: number;
}

/** Waits until `position` moves no more; answers where it is. */
async function standstill(position: () => number | Promise<number>): Promise<number> {
  let last = await position();
  for (let still = 0; still < CHECKS_PER_TIMEOUT;) {
    await delay(LOOK);
    const now = await position();
    still = now === last ? still + 1 : 0;
    last = now;
  }
  return last;
}

function note(seen: Seen, ahead: number): void {
  seen.stops++;
  seen.ahead = Math.max(seen.ahead, ahead);
}

/** Sends a body to a handler that stops now and then. */
async function upload(server: ServerProcess, kind: Kind, length: number): Promise<Seen> {
  using client = await server.connect(kind);
  const seen: Seen = { stops: 0, ahead: 0 };
  let sent = 0;
  let answered = false;
  const send = async (): Promise<string> => {
    await client.send(`POST / HTTP/1.1\r\nHost: a.example\r\nContent-Length: ${length}\r\n\r\n`);
    for (; sent < length; sent += PIECE) await client.send(piece(sent / PIECE));
    const { status, text } = await client.response();
    assert.equal(status, 200);
    return text;
  };
  const watch = async (): Promise<void> => {
    while (!answered) {
      const { stopped, read } = await server.ask("/state");
      if (stopped) {
        if (length - read > MAX_AHEAD) note(seen, await standstill(() => sent) - read);
        await server.ask("/go");
      } else {
        await delay(LOOK);
      }
    }
  };
  const [hash] = await Promise.all([send().finally(() => answered = true), watch()]);
  assert.equal(hash, hashOfPieces(length));
  return seen;
}

/** Reads a body from a handler, and stops now and then. */
async function download(server: ServerProcess, kind: Kind, length: number): Promise<Seen> {
  using client = await server.connect(kind);
  const seen: Seen = { stops: 0, ahead: 0 };
  const hash = createHash("sha256");
  await client.send(get(`/download?${length}`));
  const head = await client.readUntil("\r\n\r\n");
  assert.match(head, /^HTTP\/1\.1 200 /);
  const chunked = /^transfer-encoding: chunked\r?$/im.test(head);
  assert.equal(chunked, kind === "fetch");
  for (let read = 0; read < length; read += PIECE) {
    if (chunked) assert.equal(await client.readUntil("\r\n"), PIECE.toString(16));
    hash.update(await client.readBytes(PIECE));
    if (chunked) assert.equal(await client.readUntil("\r\n"), "");
    const got = read + PIECE;
    if (got % STOP_EVERY > 0 || length - got <= MAX_AHEAD) continue;
    note(seen, await standstill(async () => (await server.ask("/state")).made) - got);
  }
  if (chunked) assert.equal(await client.readUntil("\r\n\r\n"), "0");
  assert.equal(hash.digest("hex"), hashOfPieces(length));
  return seen;
}

for (const [title, transfer] of Object.entries({ upload, download })) {
  for (const kind of ["fetch", "exchange"] as const) {
    test(`a 1 GiB ${title} through a slow peer takes no memory (${kind})`, async () => {
      await using server = await ServerProcess.start();
      await inTime(transfer(server, kind, WARM_UP), "the warm-up");
      await server.ask("/baseline");
      const start = performance.now();
      const { stops, ahead } = await inTime(transfer(server, kind, GIBIBYTE), `the ${title}`);
      const seconds = ((performance.now() - start) / 1000).toFixed(1);
      const { baseline, peak } = await server.ask("/state");
      console.log(
        `1 GiB ${title} (${kind}): ${seconds} s, server ${(baseline / 1e6).toFixed(0)} MB + ` +
          `${((peak - baseline) / 1e6).toFixed(0)} MB, sender stopped ${stops} times, ` +
          `${(ahead / MIB).toFixed(1)} MiB ahead at the most`,
      );
      assert.equal(stops, GIBIBYTE / STOP_EVERY - 1);
      assert.ok(ahead < MAX_AHEAD, `the sender was ${ahead} bytes ahead`);
      assert.ok(peak - baseline < MAX_GROWTH, `the server grew from ${baseline} to ${peak} bytes`);
    });
  }
}

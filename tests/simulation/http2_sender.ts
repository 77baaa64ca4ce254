/**
 * What an HTTP/2 client sends, in order, in pieces as its plan says.
 */
import { concat } from "../support/bytes.ts";
import type { Http2Ways } from "./http2_plan.ts";
import type { World } from "./world.ts";

/** Pieces of a connection, after which what is sent is not cut any more: each is an event. */
const MOST_PIECES = 400;

/** The client. */
export interface SenderPort {
  readonly isBroken: boolean;
  readonly hasEnded: boolean;
}

/** The output of one client. */
export class Http2Sender {
  readonly #world: World;
  readonly #ways: Http2Ways;
  readonly #port: SenderPort;
  readonly #send: (bytes: Uint8Array) => void;
  /** Frames that were not sent, and what is called when all before has left. */
  #queue: (Uint8Array | (() => void))[] = [];
  #isSending = false;
  #pieces = 0;

  constructor(world: World, ways: Http2Ways, port: SenderPort, send: (bytes: Uint8Array) => void) {
    this.#world = world;
    this.#ways = ways;
    this.#port = port;
    this.#send = send;
  }

  /** Appends frames; `flush` sends them. */
  write(...frames: Uint8Array[]): void {
    this.#queue.push(...frames);
  }

  /** Calls `then` when all that was written has left. */
  whenSent(then: () => void): void {
    this.#queue.push(then);
  }

  /** Sends what was written. */
  flush(): void {
    if (!this.#isSending) void this.#run();
  }

  get #maySend(): boolean {
    return !this.#port.isBroken && !this.#port.hasEnded;
  }

  async #run(): Promise<void> {
    this.#isSending = true;
    while (this.#queue.length > 0 && this.#maySend) {
      const queue = this.#queue;
      this.#queue = [];
      await this.#sendAll(queue);
    }
    this.#isSending = false;
  }

  /** Sends pieces of several frames, or parts of frames. */
  async #sendAll(queue: readonly (Uint8Array | (() => void))[]): Promise<void> {
    const bytes = concat(queue.filter((item): item is Uint8Array => typeof item !== "function"));
    const { cuts, gap } = this.#ways;
    let at = 0;
    /** What is called when so many octets have left. */
    const calls: [at: number, call: () => void][] = [];
    let end = 0;
    for (const item of queue) {
      if (typeof item === "function") calls.push([end, item]);
      else end += item.length;
    }
    for (;;) {
      while (calls.length > 0 && calls[0][0] <= at) calls.shift()![1]();
      if (at === bytes.length || !this.#maySend) return;
      const isCut = cuts.length > 0 && this.#pieces < MOST_PIECES;
      const size = isCut ? Math.max(1, cuts[this.#pieces++ % cuts.length]) : bytes.length;
      const to = Math.min(bytes.length, at + size);
      this.#send(bytes.subarray(at, to));
      at = to;
      if (gap >= 0) await this.#world.sleep(gap);
    }
  }
}

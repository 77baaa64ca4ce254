/**
 * A transport between a simulated client and the engine that does all that the contract of `Transport` allows:
 * takes a part of a write and keeps the rest, drains late, delivers a chunk after `pause`, and tells events from
 * inside of calls. It checks that the engine keeps to the contract, too.
 */
import type { Addr, Transport, TransportEvents } from "../../src/api/transport.ts";
import { sameBytes } from "./content.ts";
import type { TransportFault, TransportPlan } from "./plan.ts";
import type { World } from "./world.ts";

/** The client's side. */
export interface TransportClient {
  /** Bytes came. */
  received(bytes: Uint8Array): void;
  /** The server has ended its side; `isWhole` says whether all that it has written came before. */
  ended(isWhole: boolean): void;
  /** The server has broken the connection. */
  broken(): void;
  /** Whether it reads right now. */
  readonly reads: boolean;
}

/** Memory of the engine's that was not sent yet. */
interface Kept {
  readonly bytes: Uint8Array;
  /** What was in it when it was given. */
  readonly copy: Uint8Array;
  sent: number;
}

/** What memory of the transport's holds when a chunk was received: none of it is the engine's to look at. */
const OVERWRITTEN = 0x58;

/** One connection's transport. */
export class SimulatedTransport implements Transport {
  readonly remoteAddr: Addr | undefined;
  readonly localAddr: undefined = undefined;
  /** True for a third of the clients. */
  readonly batchesResponses: boolean;
  /** Whether the engine has released it. */
  isClosed = false;
  /** Whether `receiveEnd` was told. */
  toldEnd = false;
  /** Whether `transportClosed` was told. */
  isGone = false;
  /** Bytes that the engine was given, and has given. */
  delivered = 0;
  written = 0;
  /** The most that ever waited to be taken. */
  mostUnsent = 0;
  /** The largest chunk that was delivered. */
  largestChunk = 0;
  readonly #world: World;
  readonly #plan: TransportPlan;
  readonly #client: TransportClient;
  #events: TransportEvents | null = null;
  /** What the client has sent, and the engine was not given; `null` is the end. */
  readonly #coming: (Uint8Array | null)[] = [];
  #isPaused = false;
  /** The reset that was not told, since it rests. */
  #hiddenReset: Error | null = null;
  /** What the system has taken, and the client has not read. */
  #taken: Uint8Array[] = [];
  #takenLength = 0;
  #kept: Kept[] = [];
  #ending: "no" | "asked" | "sent" = "no";
  /** Whether `drained` is to be told, and whether nothing but the client keeps it from that. */
  #owesDrained = false;
  #waitsForRoom = false;
  /** Nothing was lost that the engine has written. */
  #isWhole = true;
  #moving = false;
  readonly #calls = { start: 0, write: 0, end: 0, pause: 0, resume: 0 };
  #scratch = new Uint8Array(1024);
  #depth = 0;

  constructor(world: World, plan: TransportPlan, client: TransportClient, address: number) {
    this.#world = world;
    this.#plan = plan;
    this.#client = client;
    this.batchesResponses = address === 2;
    this.remoteAddr = address === 0
      ? undefined
      : { transport: "tcp", hostname: `192.0.2.${address}`, port: 40_000 };
  }

  // What the engine calls.

  start(events: TransportEvents): void {
    if (this.#events !== null) this.#world.fail("start() was called twice");
    this.#events = events;
    this.#inside("start");
  }

  write(bytes: Uint8Array, start: number, end: number): boolean {
    this.#checkCall("write");
    if (this.#ending !== "no") this.#world.fail("write() after end()");
    this.written += end - start;
    if (this.isGone) return true;
    this.#keep(bytes.subarray(start, end));
    this.#inside("write");
    const isTaken = this.#kept.length === 0 && !this.#plan.isLazy;
    if (!isTaken) this.#owe();
    return isTaken;
  }

  unsent(): number {
    this.#checkCall("unsent");
    return this.#unsent;
  }

  pause(): void {
    this.#checkCall("pause");
    if (this.#isPaused) this.#world.fail("pause() was called while it was paused");
    this.#isPaused = true;
    this.#inside("pause");
    if (this.#plan.lateChunk) this.#world.after(0, () => this.#deliverOne());
  }

  resume(): void {
    this.#checkCall("resume");
    if (!this.#isPaused) this.#world.fail("resume() was called while it was not paused");
    this.#isPaused = false;
    this.#inside("resume");
    this.#world.after(0, () => this.#deliver());
  }

  probe(): void {
    this.#checkCall("probe");
    if (this.#hiddenReset !== null) this.#break(this.#hiddenReset);
  }

  end(): boolean {
    this.#checkCall("end");
    if (this.#ending !== "no") this.#world.fail("end() was called twice");
    this.#ending = "asked";
    if (this.isGone) return true;
    this.#inside("end");
    this.#move();
    const isSent = this.#kept.length === 0 && !this.#plan.isLazy;
    if (!isSent) this.#owe();
    return isSent;
  }

  close(abruptly: boolean): void {
    this.#checkCall("close");
    this.isClosed = true;
    this.#coming.length = 0;
    for (const kept of this.#kept) this.#checkKept(kept);
    this.#isWhole = this.#kept.length === 0;
    this.#kept = [];
    if (this.isGone) return;
    if (abruptly) {
      this.#ending = "no";
      this.#world.after(this.#plan.latency, () => this.#client.broken());
    } else {
      this.#ending = this.#ending === "no" ? "asked" : this.#ending;
      this.#move();
    }
  }

  #checkCall(call: string): void {
    if (this.#events === null) this.#world.fail(`${call}() before start()`);
    if (this.isClosed) this.#world.fail(`${call}() after close()`);
  }

  // What the client does.

  /** Sends bytes to the server. */
  send(bytes: Uint8Array): void {
    this.#coming.push(bytes);
    this.#deliver();
  }

  /** Half-closes. */
  sendEnd(): void {
    this.#coming.push(null);
    this.#deliver();
  }

  /** Breaks the connection. */
  reset(): void {
    const error = new Error("the client has reset the connection");
    this.#coming.length = 0;
    // What waits to be sent finds it out.
    if (this.#isPaused && this.#plan.hidesResets && this.#kept.length === 0) this.#hiddenReset = error;
    else this.#break(error);
  }

  /** The client reads again. */
  readOn(): void {
    this.#move();
  }

  // From the client to the engine.

  #deliver(): void {
    if (this.#hiddenReset !== null && !this.#isPaused) return this.#break(this.#hiddenReset);
    while (this.#coming.length > 0 && !this.#isPaused && this.#isListening) this.#deliverOne();
  }

  /** Whether anybody is told of what comes. */
  get #isListening(): boolean {
    return this.#events !== null && !this.isClosed && !this.isGone;
  }

  #deliverOne(): void {
    if (!this.#isListening) return;
    const bytes = this.#coming.shift();
    if (bytes === undefined || this.toldEnd) return;
    const events = this.#events!;
    if (bytes === null) {
      this.toldEnd = true;
      return events.receiveEnd();
    }
    this.delivered += bytes.length;
    this.largestChunk = Math.max(this.largestChunk, bytes.length);
    if (this.#plan.givesMemory) {
      const memory = bytes.slice();
      if (events.receive(memory, 0, memory.length, true)) memory.fill(OVERWRITTEN);
      return;
    }
    // Memory of its own where a call is under way that has some already.
    if (this.#scratch.length < bytes.length + 8) this.#scratch = new Uint8Array(2 * bytes.length + 8);
    const memory = this.#depth === 0 ? this.#scratch : new Uint8Array(bytes.length + 8);
    const start = bytes.length % 7;
    memory.set(bytes, start);
    this.#depth++;
    try {
      events.receive(memory, start, start + bytes.length);
    } finally {
      this.#depth--;
      memory.fill(OVERWRITTEN, 0, bytes.length + 8);
    }
  }

  #break(error: unknown): void {
    if (!this.#isListening) return;
    this.isGone = true;
    this.#hiddenReset = null;
    this.#kept = [];
    this.#client.broken();
    this.#events!.transportClosed(error);
  }

  // From the engine to the client.

  get #unsent(): number {
    return this.#kept.reduce((sum, { bytes, sent }) => sum + bytes.length - sent, 0);
  }

  #keep(bytes: Uint8Array): void {
    let sent = 0;
    if (this.#kept.length === 0) {
      sent = Math.min(bytes.length, this.#plan.room - this.#takenLength);
      this.#take(bytes.slice(0, sent));
    }
    if (sent < bytes.length) this.#kept.push({ bytes, copy: bytes.slice(), sent });
    this.mostUnsent = Math.max(this.mostUnsent, this.#unsent);
    this.#move();
  }

  #take(bytes: Uint8Array): void {
    if (bytes.length === 0) return;
    this.#taken.push(bytes);
    this.#takenLength += bytes.length;
  }

  /** Lets the client read soon, if it does. */
  #move(): void {
    if (this.#moving) return;
    this.#moving = true;
    this.#world.after(this.#plan.latency, () => {
      this.#moving = false;
      if (!this.isGone && this.#client.reads) this.#read();
    });
  }

  #read(): void {
    for (;;) {
      const bytes = this.#taken;
      this.#taken = [];
      this.#takenLength = 0;
      this.#refill();
      for (const chunk of bytes) this.#client.received(chunk);
      if (this.#plan.latency > 0 || this.#takenLength === 0) break;
    }
    if (this.#takenLength > 0) this.#move();
    else if (this.#kept.length === 0 && this.#ending === "asked") {
      this.#ending = "sent";
      this.#client.ended(this.#isWhole);
    }
  }

  /** The system takes what was kept, as far as there is room. */
  #refill(): void {
    while (this.#kept.length > 0 && this.#takenLength < this.#plan.room) {
      const first = this.#kept[0];
      const count = Math.min(first.bytes.length - first.sent, this.#plan.room - this.#takenLength);
      this.#take(first.bytes.slice(first.sent, first.sent + count));
      first.sent += count;
      if (first.sent < first.bytes.length) break;
      this.#checkKept(first);
      this.#kept.shift();
    }
    if (this.#kept.length > 0 || !this.#waitsForRoom) return;
    this.#waitsForRoom = false;
    this.#payLater();
  }

  /** Memory that was kept must not change. */
  #checkKept({ bytes, copy }: Kept): void {
    if (!sameBytes(bytes, copy)) this.#world.fail("memory changed while the transport had it");
  }

  /** The engine waits for `drained`. */
  #owe(): void {
    if (this.#owesDrained) return;
    this.#owesDrained = true;
    this.#payLater();
  }

  #payLater(): void {
    this.#world.after(this.#plan.drainDelay, () => {
      if (!this.#isListening) return;
      // A client that takes nothing keeps it waiting, without an event of its own.
      if (this.#kept.length === 0) this.#drained();
      else this.#waitsForRoom = true;
    });
  }

  #drained(): void {
    this.#owesDrained = false;
    this.#events!.drained();
  }

  // Events from inside of calls.

  #inside(call: TransportFault["inside"]): void {
    const count = ++this.#calls[call];
    for (const { inside, after, does } of this.#plan.faults) {
      if (inside === call && after === count) this.#do(does);
    }
  }

  #do(what: TransportFault["does"]): void {
    if (!this.#isListening) return;
    switch (what) {
      case "break":
        return this.#break(new Error("the network broke"));
      case "close":
        return this.#break(undefined);
      case "receiveEnd":
        // One event at a time: who is inside of a call cannot pause.
        if (this.#coming.length === 0) this.#coming.push(null);
        return this.#deliverOne();
      case "drained":
        if (this.#owesDrained && this.#kept.length === 0) this.#drained();
        return;
      case "receive":
        return this.#deliverOne();
    }
  }
}

/**
 * Mooring on memory: a transport whose other end is in your hands. It delivers what you send at once, and
 * keeps what the server sends.
 */
import type { Addr, Transport, TransportEvents } from "../api/transport.ts";
import { copyOf } from "../wire/bytes.ts";

/** A transport in memory, with the client's side of it. */
export class MemoryTransport implements Transport {
  readonly remoteAddr: Addr | undefined = undefined;
  readonly localAddr: Addr | undefined = undefined;
  /** What the server wrote, a chunk for each write. */
  readonly written: Uint8Array[] = [];
  /** Whether the server half-closed. */
  ended = false;
  /** Whether the server released the transport. */
  closed = false;
  /** Whether it did so to show a failure. */
  wasReset = false;
  /** Whether the server asked for a pause. */
  paused = false;
  /** Whether writes are taken at once; when not, they are kept until `drain`. */
  takesWrites = true;
  #events: TransportEvents | null = null;
  #unsent = 0;
  #wasBroken = false;

  /** Whether the server is told nothing any more. */
  get #isOver(): boolean {
    return this.closed || this.#wasBroken;
  }

  /** Connects the server's side. */
  start(events: TransportEvents): void {
    this.#events = events;
  }

  /** Sends to the server. */
  send(data: string | Uint8Array): void {
    const bytes = typeof data === "string" ? new TextEncoder().encode(data) : data;
    if (!this.#isOver) this.#events!.receive(bytes, 0, bytes.length);
  }

  /** Half-closes the client's side. */
  sendEnd(): void {
    if (!this.#isOver) this.#events!.receiveEnd();
  }

  /** Breaks the connection, as a reset does. */
  reset(error?: unknown): void {
    if (this.#isOver) return;
    this.#wasBroken = true;
    this.#events!.transportClosed(error);
  }

  /** Takes the writes that were kept, and takes writes from now on. */
  drain(): void {
    this.takesWrites = true;
    this.#unsent = 0;
    for (const [i, chunk] of this.written.entries()) this.written[i] = copyOf(chunk, 0, chunk.length);
    if (!this.#isOver) this.#events!.drained();
  }

  /** Takes `count` bytes of the writes that were kept, without saying so. */
  take(count: number): void {
    this.#unsent -= count;
  }

  /** What the server wrote, as text, without taking it away. */
  text(): string {
    return this.written.map((chunk) => new TextDecoder().decode(chunk)).join("");
  }

  write(bytes: Uint8Array, start: number, end: number): boolean {
    // What is not taken at once stays the caller's memory, as on a real transport.
    this.written.push(this.takesWrites ? copyOf(bytes, start, end) : bytes.subarray(start, end));
    if (!this.takesWrites) this.#unsent += end - start;
    return this.takesWrites;
  }

  unsent(): number {
    return this.#unsent;
  }

  pause(): void {
    this.paused = true;
  }

  resume(): void {
    this.paused = false;
  }

  end(): boolean {
    this.ended = true;
    return this.takesWrites;
  }

  close(abruptly: boolean): void {
    this.wasReset = abruptly;
    this.closed = true;
  }
}

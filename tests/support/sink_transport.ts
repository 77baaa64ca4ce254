/**
 * A transport in memory that counts what it is given and keeps nothing, so that what is measured on it is the
 * engine's.
 */
import type { Addr, Transport, TransportEvents } from "../../src/api/transport.ts";

/** Takes every write at once. */
export class SinkTransport implements Transport {
  readonly remoteAddr: Addr | undefined = undefined;
  readonly localAddr: Addr | undefined = undefined;
  /** How many writes there were: one for each response that came alone. */
  writes = 0;
  /** How many bytes they had. */
  bytesWritten = 0;
  /** Whether the server has ended or released it. */
  ended = false;
  #events!: TransportEvents;

  start(events: TransportEvents): void {
    this.#events = events;
  }

  /** Sends to the server. */
  send(bytes: Uint8Array): void {
    this.#events.receive(bytes, 0, bytes.length);
  }

  write(_bytes: Uint8Array, start: number, end: number): boolean {
    this.writes++;
    this.bytesWritten += end - start;
    return true;
  }

  unsent(): number {
    return 0;
  }

  pause(): void {}

  resume(): void {}

  end(): boolean {
    this.ended = true;
    return true;
  }

  close(): void {
    this.ended = true;
  }
}

/**
 * Guards a connection against re-entrancy: an event that comes while another is being handled, or from inside of a
 * call of the transport, is queued until that is over. So nothing changes under code that is half-way through a write.
 * A call that throws, which the contract of `Transport` forbids, closes the connection.
 */
import type { DetachedSocket, PeerCertificate, Transport, TransportEvents } from "../api/transport.ts";
import { copyOf } from "../wire/bytes.ts";

/** A transport, and its events in turn. */
export class SerializedTransport implements TransportEvents {
  readonly #transport: Transport;
  readonly #events: TransportEvents;
  /** How many calls and events are on the stack. */
  #depth = 0;
  /** Events that came meanwhile, in their order; `null` while there are none. */
  #queue: (() => void)[] | null = null;
  /** How many writes there were, and which was the last of which the transport kept the memory. */
  #writes = 0;
  #lastKept = 0;

  /** Tells `events` what `transport` tells. */
  constructor(transport: Transport, events: TransportEvents) {
    this.#transport = transport;
    this.#events = events;
  }

  // Events.

  /** The one that comes with each request: nothing is made for it where it need not wait. */
  receive(bytes: Uint8Array, start: number, end: number, mayKeep = false): boolean {
    if (this.#mustWait) {
      const copy = copyOf(bytes, start, end);
      this.#enqueue(() => void this.#events.receive(copy, 0, copy.length, true)); // the queue is the copy's only owner
      return true;
    }
    this.enter();
    try {
      return this.#events.receive(bytes, start, end, mayKeep);
    } finally {
      this.leave();
    }
  }

  receiveEnd(): void {
    this.#tell(() => this.#events.receiveEnd());
  }

  drained(): void {
    const writes = this.#writes;
    this.#tell(() => {
      // A later write was retained: the transport will tell again.
      if (writes >= this.#lastKept) this.#events.drained();
    });
  }

  transportClosed(error?: unknown): void {
    this.#tell(() => this.#events.transportClosed(error));
  }

  #tell(event: () => void): void {
    if (this.#mustWait) return this.#enqueue(event);
    this.enter();
    try {
      event();
    } finally {
      this.leave();
    }
  }

  /** Events wait from now on, until as many `leave`. */
  enter(): void {
    this.#depth++;
  }

  /** The other end of `enter`. */
  leave(): void {
    this.#depth--;
  }

  get #mustWait(): boolean {
    return this.#depth > 0 || this.#queue !== null;
  }

  #enqueue(event: () => void): void {
    if (this.#queue === null) {
      this.#queue = [];
      queueMicrotask(() => this.#deliver());
    }
    this.#queue.push(event);
  }

  /** Runs with an empty stack. What comes meanwhile goes to the end of the same queue. */
  #deliver(): void {
    this.enter();
    try {
      for (const event of this.#queue!) event();
    } finally {
      this.#queue = null;
      this.leave();
    }
  }

  // Calls.

  /** As `Transport.start`. */
  start(): void {
    this.#call(() => this.#transport.start(this));
  }

  /** As `Transport.write`. */
  write(bytes: Uint8Array, start: number, end: number): boolean {
    this.enter();
    this.#writes++;
    try {
      const taken = this.#transport.write(bytes, start, end);
      if (!taken) this.#lastKept = this.#writes;
      return taken;
    } catch (error) {
      this.transportClosed(error);
      return false;
    } finally {
      this.leave();
    }
  }

  /** As `Transport.unsent`. */
  unsent(): number {
    return this.#call(() => this.#transport.unsent()) ?? 0;
  }

  /** As `Transport.pause` and `Transport.resume`. */
  setPaused(paused: boolean): void {
    this.#call(() => paused ? this.#transport.pause() : this.#transport.resume());
  }

  /** As `Transport.probe`. */
  probe(): void {
    this.#call(() => this.#transport.probe?.());
  }

  /** As `Transport.batchesResponses`. */
  get batchesResponses(): boolean {
    return this.#transport.batchesResponses === true;
  }

  /** Whether the TLS handshake is under way. */
  get handshaking(): boolean {
    return this.#transport.handshaking === true;
  }

  /** As `Transport.alpnProtocol`. */
  get alpnProtocol(): string | null | undefined {
    return this.#transport.alpnProtocol;
  }

  /** As `Transport.peerCertificate`. */
  get peerCertificate(): PeerCertificate | undefined {
    return this.#transport.peerCertificate;
  }

  /** As `Transport.detach`. */
  detach(): DetachedSocket | undefined {
    return this.#call(() => this.#transport.detach?.());
  }

  /** As `Transport.end`. */
  end(): boolean {
    return this.#call(() => this.#transport.end()) ?? false;
  }

  /** As `Transport.close`. */
  close(abruptly: boolean): void {
    this.#call(() => this.#transport.close(abruptly));
  }

  #call<T>(call: () => T): T | undefined {
    this.enter();
    try {
      return call();
    } catch (error) {
      this.transportClosed(error);
      return undefined;
    } finally {
      this.leave();
    }
  }
}

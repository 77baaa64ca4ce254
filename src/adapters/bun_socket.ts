/**
 * Mooring on a TCP socket of `Bun.listen`.
 */
import type { Addr, Transport, TransportEvents } from "../api/transport.ts";
import { free } from "../wire/bytes.ts";
import { KEEP_ALIVE_DELAY } from "../server/listen.ts";
import { sharedAddr, tcpAddr } from "./addresses.ts";

/** What is used of a socket of Bun's. */
export interface BunSocket {
  data: BunSocketTransport | undefined;
  readonly remoteAddress: string | undefined;
  readonly remotePort: number | undefined;
  readonly localPort: number | undefined;
  readonly localAddress: string | undefined;
  write(bytes: Uint8Array, start: number, length: number): number;
  shutdown(): void;
  close(): void;
  terminate(): void;
  pause(): void;
  resume(): void;
  setNoDelay(noDelay: boolean): void;
  setKeepAlive(keepAlive: boolean, initialDelay: number): void;
}

/** Bun makes new memory for each read, up to 512 KiB: from here on it is freed at once, before it piles up. */
const LARGE_READ = 16 * 1024;

/** A Bun socket. It writes what the system takes, and leaves keeping the rest to us. */
export class BunSocketTransport implements Transport {
  readonly remoteAddr: Addr | undefined;
  readonly localAddr: Addr | undefined;
  #events!: TransportEvents;
  readonly #socket: BunSocket;
  /** What the system has not taken yet. */
  #rest: Rest[] = [];
  #ending = false;
  #peerEnded = false;
  /** The socket is closed or released, and nothing is told of it any more. */
  #over = false;

  constructor(socket: BunSocket) {
    this.#socket = socket;
    // Asked now: a closed socket has forgotten them.
    this.remoteAddr = tcpAddr(socket.remoteAddress, socket.remotePort);
    this.localAddr = sharedAddr(tcpAddr(socket.localAddress, socket.localPort));
    socket.setNoDelay(true);
    socket.setKeepAlive(true, KEEP_ALIVE_DELAY);
  }

  start(events: TransportEvents): void {
    this.#events = events;
  }

  // What the socket tells, also from inside of our own calls.

  received(chunk: Uint8Array): void {
    if (!this.#over) this.#events.receive(chunk, 0, chunk.length);
    if (chunk.length >= LARGE_READ) free(chunk);
  }

  /** The peer sends no more. */
  peerEnded(): void {
    if (this.#over || this.#peerEnded) return;
    this.#peerEnded = true;
    this.#events.receiveEnd();
  }

  /** The socket is closed. */
  closed(error: unknown): void {
    // Once we have ended, the peer's end closes the socket, and this is all that is told of it.
    const bothEnded = error === undefined && this.#ending && this.#rest.length === 0;
    if (bothEnded) this.peerEnded();
    if (this.#over) return;
    this.#over = true;
    this.#events.transportClosed(error);
  }

  write(bytes: Uint8Array, start: number, end: number): boolean {
    if (this.#rest.length === 0) {
      start += Math.max(0, this.#socket.write(bytes, start, end - start));
      if (start === end) return true;
    }
    this.#rest.push({ bytes, start, end });
    return false;
  }

  /** The system takes bytes again. */
  flush(): void {
    if (this.#over) return;
    while (this.#rest.length > 0) {
      const rest = this.#rest[0];
      rest.start += Math.max(0, this.#socket.write(rest.bytes, rest.start, rest.end - rest.start));
      if (rest.start < rest.end) return;
      this.#rest.shift();
    }
    if (this.#ending) this.#socket.shutdown();
    if (!this.#over) this.#events.drained();
  }

  unsent(): number {
    return this.#rest.reduce((sum, { start, end }) => sum + end - start, 0);
  }

  pause(): void {
    this.#socket.pause();
  }

  resume(): void {
    this.#socket.resume();
  }

  end(): boolean {
    this.#ending = true;
    if (this.#rest.length > 0) return false;
    this.#socket.shutdown();
    return true;
  }

  close(abruptly: boolean): void {
    this.#over = true;
    this.#rest = [];
    // terminate() resets, and what the peer has not received yet is lost.
    if (abruptly) this.#socket.terminate();
    else this.#socket.close();
  }
}

/** A part of the bytes that the engine handed over. */
interface Rest {
  readonly bytes: Uint8Array;
  start: number;
  readonly end: number;
}

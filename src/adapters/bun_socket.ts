/**
 * Mooring on a socket of `Bun.listen`, of TCP or of TLS on that.
 */
import type { Addr, Transport, TransportEvents } from "../api/transport.ts";
import { free } from "../wire/bytes.ts";
import { KEEP_ALIVE_DELAY } from "../server/listen.ts";
import { tcpAddr } from "./addresses.ts";
import { keepAliveSoon } from "./bun_keep_alive.ts";
import { NO_EVENTS } from "./no_events.ts";

/** What is used of a socket of Bun's. */
export interface BunSocket {
  data: BunSocketTransport | undefined;
  readonly remoteAddress: string | undefined;
  readonly remotePort: number | undefined;
  readonly localAddress: string | undefined;
  /** Right once the handshake is over; `false` for none. */
  readonly alpnProtocol?: string | false | null;
  write(bytes: Uint8Array, start: number, length: number): number;
  shutdown(): void;
  close(): void;
  terminate(): void;
  pause(): void;
  resume(): void;
  setKeepAlive(keepAlive: boolean, initialDelay: number): void;
  upgradeTLS(options: BunTlsUpgrade): [tcp: BunSocket, tls: BunSocket];
}

/** What is called with each event of a socket. */
export interface BunSocketHandlers {
  binaryType: "uint8array";
  open?(socket: BunSocket): void;
  handshake?(socket: BunSocket, isDone: boolean): void;
  data?(socket: BunSocket, chunk: Uint8Array): void;
  drain(socket: BunSocket): void;
  end?(socket: BunSocket): void;
  close?(socket: BunSocket, error?: unknown): void;
  error?(socket: BunSocket, error: unknown): void;
}

/** How a socket begins to speak TLS, as `node:tls` of Bun has it do. */
export interface BunTlsUpgrade {
  isServer: true;
  data: BunSocketTransport;
  socket: BunSocketHandlers;
  tls: {
    secureContext: unknown;
    ALPNProtocols: Uint8Array;
    requestCert: boolean;
    rejectUnauthorized: boolean;
  };
}

/** What passes events on to the transport of their socket. */
export const HANDLERS: BunSocketHandlers = {
  binaryType: "uint8array", // cheaper to make, and to copy from, than a Buffer
  handshake: ({ data, alpnProtocol }, isDone) => data?.handshakeOver(isDone, alpnProtocol || null),
  data: ({ data }, chunk) => data?.received(chunk),
  drain: ({ data }) => data?.flush(),
  end: ({ data }) => data?.peerEnded(),
  close: ({ data }, error) => data?.closed(error),
  error: ({ data }, error) => data?.closed(error),
};

/** Bun makes new memory for each read, up to 512 KiB: from here on it is kept or freed at once, before it piles up. */
const LARGE_READ = 16 * 1024;

/** A Bun socket. It writes what the system takes, and leaves keeping the rest to us. */
export class BunSocketTransport implements Transport {
  readonly remoteAddr: Addr | undefined;
  readonly localAddr: Addr | undefined;
  readonly isSecure: boolean;
  handshaking: boolean;
  alpnProtocol: string | null | undefined = undefined;
  #events!: TransportEvents;
  readonly #socket: BunSocket;
  /** What the system has not taken yet. */
  #rest: Rest[] = [];
  #ending = false;
  #peerEnded = false;
  /** The socket is closed or released, and nothing is told of it any more. */
  #over = false;

  /** Moves the bytes of `socket`; by TLS where `secure` is given, which makes that speak it. Bun has set TCP_NODELAY. */
  constructor(
    socket: BunSocket,
    localAddr: Addr | undefined,
    secure?: (socket: BunSocket, transport: BunSocketTransport) => BunSocket,
  ) {
    this.isSecure = this.handshaking = secure !== undefined;
    this.localAddr = localAddr;
    // Asked now: a closed socket has forgotten it.
    this.remoteAddr = tcpAddr(socket.remoteAddress, socket.remotePort);
    keepAliveSoon(this);
    this.#socket = secure === undefined ? socket : secure(socket, this);
  }

  get batchesResponses(): boolean {
    return true;
  }

  start(events: TransportEvents): void {
    this.#events = events;
  }

  /** Enables TCP keep-alive, which notices a vanished peer: four system calls. */
  keepAlive(): void {
    if (!this.#over) this.#socket.setKeepAlive(true, KEEP_ALIVE_DELAY);
  }

  // What the socket tells, also from inside of our own calls.

  /** The TLS handshake has succeeded, or failed: then the client is to get the alert, which a reset could take away. */
  handshakeOver(isDone: boolean, alpnProtocol: string | null): void {
    if (!isDone) return this.#socket.close();
    this.handshaking = false;
    this.alpnProtocol = alpnProtocol;
  }

  received(chunk: Uint8Array): void {
    const isLarge = chunk.length >= LARGE_READ;
    if ((this.#over || this.#events.receive(chunk, 0, chunk.length, isLarge)) && isLarge) free(chunk);
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
    const events = this.#events;
    this.#events = NO_EVENTS;
    events.transportClosed(error);
  }

  write(bytes: Uint8Array, start: number, end: number): boolean {
    if (this.#rest.length === 0) {
      start += Math.max(0, this.#socket.write(bytes, start, end - start));
      if (start === end) return true;
    }
    this.#rest.push({ bytes, start, end });
    return false;
  }

  /** The system takes bytes again, or a handshake is over. */
  flush(): void {
    if (this.#over || this.#rest.length === 0) return;
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
    if (this.#rest.length > 0) this.#events.drained(); // nothing reads it any more
    this.#events = NO_EVENTS;
    this.#rest = [];
    // terminate() resets, and what the peer has not received yet is lost. Without a close_notify, which only shutdown()
    // sends, TLS looks cut off as well.
    if (abruptly && !this.isSecure) this.#socket.terminate();
    else this.#socket.close();
  }
}

/** A part of the bytes that the engine handed over. */
interface Rest {
  readonly bytes: Uint8Array;
  start: number;
  readonly end: number;
}

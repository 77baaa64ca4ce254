/**
 * Mooring on a `node:net` or `node:tls` socket.
 */
import type net from "node:net";
import type { TLSSocket } from "node:tls";
import type { Addr, DetachedSocket, PeerCertificate, Transport, TransportEvents } from "../api/transport.ts";
import { HEAD_ROOM } from "../wire/memory_pool.ts";
import { sharedAddr, tcpAddr, unixAddr } from "./addresses.ts";
import { NO_EVENTS } from "./no_events.ts";
import { peerCertificateOf } from "./peer_certificate.ts";
import { sentView } from "./sent_view.ts";

/** A half-closed client still gets its answers. */
export const SOCKET = { allowHalfOpen: true };

export const IS_DENO: boolean = "Deno" in globalThis;
const IS_NODE = !(IS_DENO || "Bun" in globalThis);

/** What is used of the handle inside of a socket, on Node alone. */
interface TlsHandle {
  readonly bytesWritten: number;
  readonly writeQueueSize: number | undefined;
}

/** A socket's transport, for listeners that all sockets share: that keeps an idle connection small. */
const TRANSPORT = Symbol("transport");

type Owned = net.Socket & { [TRANSPORT]: NodeSocketTransport };

function onEnd(this: Owned): void {
  this[TRANSPORT].peerEnded();
}

function onSecure(this: Owned): void {
  this[TRANSPORT].handshaking = false;
}

function onError(this: Owned, error: unknown): void {
  this[TRANSPORT].error = error;
}

function onClose(this: Owned): void {
  const { events, error } = this[TRANSPORT];
  events.transportClosed(error);
}

/** A Node socket: of TCP, of TLS from before its handshake on, or a Unix socket. */
export class NodeSocketTransport implements Transport {
  readonly remoteAddr: Addr | undefined;
  readonly localAddr: Addr | undefined;
  readonly isSecure: boolean;
  handshaking: boolean;
  /** The engine's side. */
  events!: TransportEvents;
  /** What broke the socket. */
  error: unknown = undefined;
  readonly #socket: net.Socket;
  /** What TLS runs on, where `probe` needs it. */
  readonly #underlying: net.Socket | undefined;
  /**
   * Node's TLS tells later that a write is done, but has encrypted or copied the bytes when the call returns, unless it
   * waits behind another one.
   */
  readonly #copiesAtOnce: boolean;
  #engineWaits = false;
  /** Whether what it reads goes to the engine. */
  #isOurs = true;

  /**
   * Moves the bytes of `accepted`, by `secure` where that speaks TLS on it. `localAddr` is where it was accepted, if that is
   * known.
   */
  constructor(accepted: net.Socket, localAddr?: Addr, secure?: TLSSocket) {
    this.isSecure = secure !== undefined;
    this.handshaking = this.isSecure;
    this.#copiesAtOnce = IS_NODE && this.isSecure;
    // A Unix socket's client mostly has no name.
    this.remoteAddr = localAddr?.transport === "unix"
      ? unixAddr("")
      : tcpAddr(accepted.remoteAddress, accepted.remotePort);
    this.localAddr = localAddr ?? sharedAddr(tcpAddr(accepted.localAddress, accepted.localPort));
    const socket = secure ?? accepted;
    this.#socket = socket.on("data", (chunk: Uint8Array) => this.#received(chunk));
    if (!IS_NODE || !this.isSecure) return;
    this.#underlying = accepted;
    this.#receiveDirectly(socket);
  }

  /**
   * Decrypted bytes bypass the readable stream, which costs a tick for each read, unless they must be buffered there.
   * Node calls an own `push` as it calls an overridden one.
   */
  #receiveDirectly(socket: net.Socket): void {
    const push = socket.push.bind(socket);
    socket.push = (chunk: Uint8Array | null, ...rest): boolean => {
      const isAwaited = this.#isOurs && socket.readableFlowing === true && socket.readableLength === 0;
      if (chunk === null || !isAwaited) return push(chunk, ...rest);
      this.#received(chunk);
      return true;
    };
  }

  get alpnProtocol(): string | null | undefined {
    if (!this.isSecure || this.handshaking) return undefined;
    return (this.#socket as TLSSocket).alpnProtocol || null;
  }

  get peerCertificate(): PeerCertificate | undefined {
    return this.isSecure ? peerCertificateOf(this.#socket) : undefined;
  }

  get batchesResponses(): boolean {
    return true;
  }

  start(events: TransportEvents): void {
    this.events = events;
    const socket = this.#own(this.#socket).on("end", onEnd).on("error", onError).on("close", onClose);
    if (this.handshaking) socket.once("secure", onSecure);
    if (this.#underlying !== undefined) this.#own(this.#underlying).on("error", onError);
    socket.resume();
  }

  #own(socket: net.Socket): Owned {
    const owned = socket as Owned;
    owned[TRANSPORT] = this;
    return owned;
  }

  /** The peer sends no more. */
  peerEnded(): void {
    // It cannot take an answer either without a handshake, which Node would await for ever.
    if (this.handshaking) this.#socket.destroy();
    else this.events.receiveEnd();
  }

  #received(bytes: Uint8Array): void {
    this.events.receive(bytes, 0, bytes.length);
  }

  detach(): DetachedSocket {
    const socket = this.#socket as net.Socket & { readableFlowing: boolean | null };
    socket.off("end", onEnd);
    socket.removeAllListeners("data");
    // As a new socket: it is paused until its new owner listens.
    socket.readableFlowing = null;
    this.#isOurs = false;
    // Before what has come since a pause, which waits in the socket.
    return { socket, unshift: (bytes) => void socket.unshift(bytes) };
  }

  readonly #drained = (): void => {
    if (!this.#engineWaits || this.#socket.destroyed || this.#socket.writableLength > 0) return;
    this.#engineWaits = false;
    this.events.drained();
  };

  write(bytes: Uint8Array, start: number, end: number): boolean {
    const socket = this.#socket;
    if (this.#copiesAtOnce && socket.writableLength === 0 && end - start <= MUCH_UNSENT) {
      socket.write(sentView(bytes, start, end));
      return !socket.destroyed; // one that has broken tells so later
    }
    socket.write(sentView(bytes, start, end), this.#drained);
    // A socket that has broken, as it may have right now, keeps nothing: who goes on writing to it must wait
    // until it says so, which it does later.
    if (socket.destroyed) return false;
    if (socket.writableLength === 0) return true;
    this.#engineWaits = true;
    return false;
  }

  unsent(): number {
    const socket = this.#socket as unknown as { readonly _handle: TlsHandle | null };
    const { _handle: handle } = socket;
    if (handle?.writeQueueSize === undefined) return this.#socket.writableLength;
    // What waits in the socket, and what the system has not taken of the write that is under way.
    return this.#socket.bytesWritten - handle.bytesWritten + handle.writeQueueSize;
  }

  pause(): void {
    if (this.#isOurs) this.#socket.pause();
  }

  resume(): void {
    if (this.#isOurs) this.#socket.resume();
  }

  probe(): void {
    const { destroyed, writableEnded, writableLength } = this.#socket;
    // What is being sent tells by itself.
    if (destroyed || writableEnded || writableLength > 0) return;
    // Even an empty write fails once the peer has reset, but TLS keeps that to itself.
    if (this.#underlying === undefined) this.#socket.write(NOTHING);
    else if (!this.#underlying.destroyed) this.#underlying.write(NOTHING);
  }

  end(): boolean {
    const sent = this.#socket.writableLength === 0;
    this.#engineWaits = !sent;
    // What was taken at once had no callback.
    if (!sent && this.#copiesAtOnce) this.#socket.end(this.#drained);
    else this.#socket.end();
    return sent;
  }

  close(abruptly: boolean): void {
    this.events = NO_EVENTS;
    const socket = this.#socket;
    // Only TCP has a reset; without its close_notify a TLS connection looks cut off as well.
    if (abruptly && !this.isSecure && this.remoteAddr?.transport !== "unix") socket.resetAndDestroy();
    // Deno never frees a half-close that is under way when the socket is destroyed.
    else if (IS_DENO && socket.writableEnded && socket.writableLength === 0) socket.destroySoon();
    else socket.destroy();
  }
}

/** More unsent bytes are backpressure: as many as a body of 64 KiB and its head have are not. */
const MUCH_UNSENT = 64 * 1024 + HEAD_ROOM;

const NOTHING = new Uint8Array(0);

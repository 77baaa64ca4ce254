/**
 * Mooring on a `node:net` or `node:tls` socket.
 */
import { Buffer } from "node:buffer";
import net from "node:net";
import type { TLSSocket } from "node:tls";
import type { Addr, DetachedSocket, PeerCertificate, Transport, TransportEvents } from "../api/transport.ts";
import { HEAD_ROOM } from "../wire/memory_pool.ts";
import { sharedAddr, tcpAddr, unixAddr } from "./addresses.ts";
import { NO_EVENTS } from "./no_events.ts";
import { peerCertificateOf } from "./peer_certificate.ts";

/** A half-closed client still gets its answers. */
export const SOCKET = { allowHalfOpen: true };

/** What all sockets are read into, one after another; as large as the reads that Node asks the system for. */
const READ_BUFFER = new Uint8Array(64 * 1024);

/** Deno and Bun have `node:net`, but not what is inside; and TLS has bytes of its own. */
export const IS_DENO: boolean = "Deno" in globalThis;
export const IS_NODE: boolean = !(IS_DENO || "Bun" in globalThis);

/** Reads `count` bytes, which lie in `READ_BUFFER`. */
type Received = (count: number) => boolean;

/**
 * The connection of `handle` as a socket that reads into `READ_BUFFER`, which spares a buffer and the way through the
 * readable stream for each read. Node's `onread` does that, but only for sockets that one makes.
 */
function readInPlace(handle: NodeHandle, callback: Received): net.Socket {
  const options = { ...SOCKET, handle, onread: { buffer: READ_BUFFER, callback } };
  return new net.Socket(options as unknown as net.SocketConstructorOpts);
}

/** An address as a handle tells it. */
interface HandleAddress {
  address?: string;
  port?: number;
}

/** What is used of the handle inside of a socket, on Node alone. */
export interface NodeHandle {
  readonly bytesWritten: number;
  readonly writeQueueSize: number | undefined;
  /** Both answer 0, or an error's number; a Unix socket's handle has neither. */
  getpeername(into: HandleAddress): number;
  getsockname(into: HandleAddress): number;
  /** Both answer 0, or an error's number. */
  setNoDelay(noDelay: boolean): number;
  setKeepAlive(keepAlive: boolean, seconds: number): number;
  close(): void;
}

/** The address of `accepted`'s peer. A socket that is asked remembers its answers, which an idle connection need not. */
function peerAddr(accepted: net.Socket | NodeHandle): Addr | undefined {
  if (accepted instanceof net.Socket) return tcpAddr(accepted.remoteAddress, accepted.remotePort);
  const peer: HandleAddress = {};
  accepted.getpeername(peer);
  return tcpAddr(peer.address, peer.port);
}

/** Where `accepted` was accepted. */
function ownAddr(accepted: net.Socket | NodeHandle): Addr | undefined {
  if (accepted instanceof net.Socket) return tcpAddr(accepted.localAddress, accepted.localPort);
  const own: HandleAddress = {};
  accepted.getsockname(own);
  return tcpAddr(own.address, own.port);
}

/** Whose a socket is, for the listeners, which all sockets share: an idle connection is to be small. */
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
  readonly #isPlainNode: boolean;
  /**
   * Node's TLS tells later that a write is done, but has encrypted or copied the bytes when the call returns, unless it
   * waits behind another one.
   */
  readonly #copiesAtOnce: boolean;
  #engineWaits = false;
  /** Whether what it reads goes to the engine. */
  #isOurs = true;

  /**
   * Moves the bytes of `accepted`, a socket or the handle of one, by `secure` where that speaks TLS on it. `localAddr` is
   * where it was accepted, if that is known.
   */
  constructor(accepted: net.Socket | NodeHandle, localAddr?: Addr, secure?: TLSSocket) {
    this.isSecure = secure !== undefined;
    this.handshaking = this.isSecure;
    this.#isPlainNode = IS_NODE && !this.isSecure;
    this.#copiesAtOnce = IS_NODE && this.isSecure;
    // A Unix socket's client mostly has no name.
    this.remoteAddr = localAddr?.transport === "unix" ? unixAddr("") : peerAddr(accepted);
    this.localAddr = localAddr ?? sharedAddr(ownAddr(accepted));
    if (!(accepted instanceof net.Socket)) {
      this.#socket = readInPlace(accepted, (count) => this.#received(READ_BUFFER, count));
      return;
    }
    const socket = secure ?? accepted;
    this.#socket = socket.on("data", (chunk: Uint8Array) => void this.#received(chunk, chunk.length));
    if (!IS_NODE || !this.isSecure) return;
    this.#underlying = accepted;
    this.#receiveDirectly(socket);
  }

  /**
   * What TLS has decrypted goes through the readable stream, which costs a tick of its own for each read: only where it
   * has to wait there. Node takes an own `push` as it takes that of a class.
   */
  #receiveDirectly(socket: net.Socket): void {
    const push = socket.push.bind(socket);
    socket.push = (chunk: Uint8Array | null, ...rest): boolean => {
      const isAwaited = this.#isOurs && socket.readableFlowing === true && socket.readableLength === 0;
      return chunk !== null && isAwaited ? this.#received(chunk, chunk.length) : push(chunk, ...rest);
    };
  }

  get alpnProtocol(): string | null | undefined {
    if (!this.isSecure || this.handshaking) return undefined;
    return (this.#socket as TLSSocket).alpnProtocol || null;
  }

  get peerCertificate(): PeerCertificate | undefined {
    return this.isSecure ? peerCertificateOf(this.#socket) : undefined;
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

  #received(bytes: Uint8Array, count: number): boolean {
    if (!this.#isOurs) return this.#socket.push(Buffer.from(bytes.subarray(0, count)));
    this.events.receive(bytes, 0, count);
    return true;
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
      socket.write(view(bytes, start, end));
      return !socket.destroyed; // one that has broken tells so later
    }
    // A callback for each write costs more than an empty write when one is needed, which TLS, and others
    // than Node, do not take for what it is.
    if (this.#isPlainNode) socket.write(view(bytes, start, end));
    else socket.write(view(bytes, start, end), this.#drained);
    // A socket that has broken, as it may have right now, keeps nothing: who goes on writing to it must wait
    // until it says so, which it does later.
    if (socket.destroyed) return false;
    if (socket.writableLength === 0) return true;
    this.#engineWaits = true;
    if (this.#isPlainNode) socket.write(NOTHING, this.#drained);
    return false;
  }

  unsent(): number {
    const socket = this.#socket as unknown as { readonly _handle: NodeHandle | null };
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

/** The engine's own buffer is not larger. */
const LARGEST_KEPT_VIEW = 16 * 1024;

let lastView = Buffer.alloc(0);

/**
 * `bytes[start, end)` as the Buffer that a socket wants. Responses are mostly as long as the one before, and
 * lie in the same memory: then the view of it does again, which spares two objects a write.
 */
function view(bytes: Uint8Array, start: number, end: number): Uint8Array {
  const offset = bytes.byteOffset + start;
  const length = end - start;
  // Large bytes are the user's, and not to be kept.
  if (length > LARGEST_KEPT_VIEW) return Buffer.from(bytes.buffer as ArrayBuffer, offset, length);
  if (lastView.buffer !== bytes.buffer || lastView.byteOffset !== offset || lastView.length !== length) {
    lastView = Buffer.from(bytes.buffer as ArrayBuffer, offset, length);
  }
  return lastView;
}

const NOTHING = new Uint8Array(0);

/**
 * Mooring on the handle of a TCP or Unix socket, on Node and Deno.
 */
import type { Socket, SocketConstructorOpts } from "node:net";
import type { Addr, DetachedSocket, Transport, TransportEvents } from "../api/transport.ts";
import { sharedAddr, tcpAddr, unixAddr } from "./addresses.ts";
import { nodeProcess } from "./node_process.ts";
import { sentView } from "./sent_view.ts";
import {
  type HandleAddress,
  type HandleRequest,
  type SocketHandle,
  type StreamWrap,
  streamWrap,
} from "./socket_handle.ts";

/** What all sockets are read into, one after another; as large as the reads that Node asks the system for. */
const READ_BUFFER = new Uint8Array(64 * 1024);

/**
 * Deno does not tell how much the system has taken of a write, only when it has taken all: what is large goes in pieces of
 * this, so that a slow client is seen to take one now and then. Bodies of up to 128 KiB leave with their head in one.
 */
const LARGEST_WRITE = "Deno" in globalThis ? 256 * 1024 : Infinity;

/** What a read tells as a count when the peer sends no more (`UV_EOF`). */
const END = -4095;

/** What a write tells that a call of ours has ended, which Deno does from inside of that call (`UV_ECANCELED`). */
const CANCELED = -125;

const NOTHING = new Uint8Array(0);

/** The transport of a handle or a request: all of them share their callbacks, which keeps an idle connection small. */
const TRANSPORT = Symbol("transport");

type Owned<T> = T & { [TRANSPORT]: HandleTransport };

/** A write that the system has not taken at once. */
type PendingWrite = Owned<HandleRequest> & { bytes: Uint8Array };

/** Where it is missing, there are no handles to use it with. */
const { WriteWrap, ShutdownWrap, streamBaseState, kReadBytesOrError, kLastWriteWasAsync, runMicrotasks } =
  streamWrap ?? ({} as StreamWrap);

function onread(this: SocketHandle): void {
  (this as Owned<SocketHandle>)[TRANSPORT].received(streamBaseState[kReadBytesOrError]);
  runMicrotasks();
}

function onWritten(this: HandleRequest, status: number): void {
  const { [TRANSPORT]: transport, bytes } = this as PendingWrite;
  transport.written(bytes.length, status);
  if (status !== CANCELED) runMicrotasks();
}

function ignore(): void {}

/** A request that was not needed, because the system took all bytes at once: the next write has it. */
let spareRequest: HandleRequest | undefined;

/**
 * `open`; `ending` our end follows what is being sent; `ended` it was sent; `detached` a socket has the handle; `closed` the
 * handle is closed, or about to be.
 */
type State = "open" | "ending" | "ended" | "detached" | "closed";

/** The handle of a connection. It writes what the system takes at once, and keeps the rest by itself. */
export class HandleTransport implements Transport {
  readonly remoteAddr: Addr | undefined;
  readonly localAddr: Addr | undefined;
  readonly #handle: Owned<SocketHandle>;
  #events!: TransportEvents;
  #state: State = "open";
  #peerEnded = false;
  /** Of the writes that are under way. */
  #unsentBytes = 0;
  /** The socket that owns the handle, once detached. */
  #socket: Socket | undefined;
  /** What broke the connection. */
  #error: Error | undefined;

  /** Moves the bytes of `handle`; `localAddr` is where it was accepted, if that is known. */
  constructor(handle: SocketHandle, localAddr?: Addr) {
    this.#handle = handle as Owned<SocketHandle>;
    // A Unix socket's client mostly has no name.
    this.remoteAddr = localAddr?.transport === "unix" ? unixAddr("") : addrOf(handle, "getpeername");
    this.localAddr = localAddr ?? sharedAddr(addrOf(handle, "getsockname"));
  }

  get batchesResponses(): boolean {
    return true;
  }

  start(events: TransportEvents): void {
    this.#events = events;
    const handle = this.#handle;
    handle[TRANSPORT] = this;
    handle.onread = onread;
    handle.useUserBuffer(READ_BUFFER);
    this.#read();
  }

  #read(): void {
    const status = this.#handle.readStart();
    if (status !== 0) this.#fail("read", status);
  }

  /** `READ_BUFFER` has `count` bytes; or it is `END`, or the number of an error. */
  received(count: number): void {
    if (this.#state === "closed" || count === 0) return;
    if (count > 0) {
      this.#events.receive(READ_BUFFER, 0, count);
    } else if (count === END) {
      this.#peerEnded = true;
      this.#events.receiveEnd();
    } else {
      this.#fail("read", count);
    }
  }

  /** The connection is broken. */
  #fail(call: string, status: number): void {
    if (this.#state === "closed") return;
    const error = systemError(call, status);
    if (this.#state === "detached") return void this.#socket!.destroy(error);
    this.#state = "closed";
    this.#error = error;
    this.#events.transportClosed(error);
    this.#handle.close();
  }

  write(bytes: Uint8Array, start: number, end: number): boolean {
    let isTaken = true;
    for (let at = start; at < end; at += LARGEST_WRITE) {
      isTaken = this.#send(bytes, at, Math.min(end, at + LARGEST_WRITE)) && isTaken;
    }
    return isTaken;
  }

  #send(bytes: Uint8Array, start: number, end: number): boolean {
    if (this.#state !== "open") return false;
    const request = spareRequest ?? new WriteWrap();
    const view = sentView(bytes, start, end);
    const status = this.#handle.writeBuffer(request, view);
    const isTaken = status === 0 && streamBaseState[kLastWriteWasAsync] === 0;
    spareRequest = isTaken ? request : undefined;
    if (isTaken) return true;
    if (status === 0) {
      this.#unsentBytes += end - start;
      Object.assign(request, { [TRANSPORT]: this, bytes: view, oncomplete: onWritten });
    } else {
      this.#fail("write", status);
    }
    return false;
  }

  /** A write of `count` bytes is over. */
  written(count: number, status: number): void {
    this.#unsentBytes -= count;
    if (status < 0) this.#fail("write", status);
    const isBroken = this.#error !== undefined;
    if (this.#unsentBytes > 0 || isBroken || this.#state === "detached") return;
    if (this.#state === "ending") this.#shutDown();
    this.#events.drained();
  }

  unsent(): number {
    return this.#handle.writeQueueSize ?? this.#unsentBytes;
  }

  pause(): void {
    if (this.#isOurs()) this.#handle.readStop();
  }

  resume(): void {
    if (this.#isOurs() && !this.#peerEnded) this.#read();
  }

  #isOurs(): boolean {
    return this.#state !== "detached" && this.#state !== "closed";
  }

  probe(): void {
    // What is being sent tells by itself.
    if (this.#state !== "open" || this.#unsentBytes > 0) return;
    const handle = this.#handle;
    // A connection that was reset has no peer any more. A Unix socket has none to ask for, but Node fails to write to it.
    const status = handle.getpeername?.({}) ?? handle.writeBuffer(unawaited(WriteWrap), NOTHING);
    if (status !== 0) this.#fail(handle.getpeername === undefined ? "write" : "getpeername", status);
  }

  end(): boolean {
    if (this.#state !== "open") return this.#unsentBytes === 0;
    this.#state = "ending";
    if (this.#unsentBytes > 0) return false;
    this.#shutDown();
    return true;
  }

  /** Not while writes are under way: a handle that is to half-close after them cannot be reset any more. */
  #shutDown(): void {
    this.#state = "ended";
    this.#handle.shutdown(unawaited(ShutdownWrap)); // fails where the peer has reset the connection
  }

  close(abruptly: boolean): void {
    const state = this.#state;
    if (state === "closed") return;
    this.#state = "closed";
    const handle = this.#handle;
    if (state === "detached") this.#socket!.destroy();
    else if (abruptly && state !== "ended" && handle.reset !== undefined) handle.reset();
    else handle.close();
  }

  detach(): DetachedSocket {
    const { Socket } = nodeProcess().getBuiltinModule("node:net");
    if (this.#state === "closed") return given(new Socket().destroy(this.#error));
    this.#handle.readStop();
    const socket = new Socket({
      allowHalfOpen: true,
      handle: this.#handle,
      onread: { buffer: READ_BUFFER, callback: (count: number) => socket.push(READ_BUFFER.slice(0, count)) },
    } as unknown as SocketConstructorOpts);
    if (this.#peerEnded) socket.push(null); // was told already
    if (this.#state !== "open") socket.end();
    this.#socket = socket;
    this.#state = "detached";
    let cause: unknown;
    socket.once("error", (error) => cause = error);
    socket.once("close", () => {
      if (this.#state === "closed") return;
      this.#state = "closed";
      this.#events.transportClosed(cause);
    });
    return given(socket);
  }
}

function given(socket: Socket): DetachedSocket {
  return { socket, unshift: (bytes) => void socket.unshift(bytes) };
}

/** A request whose completion callback does nothing. */
function unawaited(Wrap: new () => HandleRequest): HandleRequest {
  return Object.assign(new Wrap(), { oncomplete: ignore });
}

function addrOf(handle: SocketHandle, ask: "getpeername" | "getsockname"): Addr | undefined {
  const answer: HandleAddress = {};
  handle[ask]?.(answer);
  return tcpAddr(answer.address, answer.port);
}

function systemError(call: string, status: number): Error {
  const code = nodeProcess().getBuiltinModule("node:util").getSystemErrorName(status);
  return Object.assign(new Error(`${call} ${code}`), { code, errno: status, syscall: call });
}

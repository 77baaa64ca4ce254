/**
 * Mooring on the handle of a TCP or Unix socket, on Node and Deno.
 */
import type { Socket, SocketConstructorOpts } from "node:net";
import type { Addr, DetachedSocket, Transport, TransportEvents } from "../api/transport.ts";
import { sharedAddr, tcpAddr, unixAddr } from "./addresses.ts";
import { nodeProcess } from "./node_process.ts";
import { NO_EVENTS } from "./no_events.ts";
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
 * this, or else a slow client would seem to take nothing.
 */
const LARGEST_WRITE = "Deno" in globalThis ? 64 * 1024 : Infinity;

/** What a read tells as a count when the peer sends no more (`UV_EOF`). */
const END = -4095;

const NOTHING = new Uint8Array(0);

/** Whose a handle or a request is, for the callbacks that all of them share: an idle connection is to be small. */
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
  runMicrotasks();
}

function ignore(): void {}

/** A request that was not needed, because the system took all bytes at once: the next write has it. */
let unused: HandleRequest | undefined;

/** The handle of a connection. It writes what the system takes at once, and keeps the rest by itself. */
export class HandleTransport implements Transport {
  readonly remoteAddr: Addr | undefined;
  readonly localAddr: Addr | undefined;
  readonly #handle: Owned<SocketHandle>;
  #events: TransportEvents = NO_EVENTS;
  /** Of the writes that are under way. */
  #unsentBytes = 0;
  #peerEnded = false;
  #isEnding = false;
  /** The handle is closed. */
  #isOver = false;
  /** What the handle was given to. */
  #socket: Socket | undefined;

  /** Moves the bytes of `handle`; `localAddr` is where it was accepted, if that is known. */
  constructor(handle: SocketHandle, localAddr?: Addr) {
    this.#handle = handle as Owned<SocketHandle>;
    // A Unix socket's client mostly has no name.
    this.remoteAddr = localAddr?.transport === "unix" ? unixAddr("") : addrOf(handle, "getpeername");
    this.localAddr = localAddr ?? sharedAddr(addrOf(handle, "getsockname"));
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
    if (this.#isOver || count === 0) return;
    if (count > 0) {
      this.#events.receive(READ_BUFFER, 0, count);
    } else if (count === END) {
      this.#peerEnded = true;
      this.#events.receiveEnd();
    } else {
      this.#fail("read", count);
    }
  }

  #fail(call: string, status: number): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#handle.close();
    this.#events.transportClosed(systemError(call, status));
  }

  write(bytes: Uint8Array, start: number, end: number): boolean {
    for (; end - start > LARGEST_WRITE; start += LARGEST_WRITE) {
      this.#send(bytes, start, start + LARGEST_WRITE);
    }
    return this.#send(bytes, start, end); // where one has to wait, those behind it do
  }

  #send(bytes: Uint8Array, start: number, end: number): boolean {
    if (this.#isOver) return false;
    const request = unused ?? new WriteWrap();
    const view = sentView(bytes, start, end);
    const status = this.#handle.writeBuffer(request, view);
    const isTaken = status === 0 && streamBaseState[kLastWriteWasAsync] === 0;
    unused = isTaken ? request : undefined;
    if (isTaken) return true;
    if (status !== 0) {
      this.#fail("write", status);
      return false;
    }
    this.#unsentBytes += end - start;
    Object.assign(request, { [TRANSPORT]: this, bytes: view, oncomplete: onWritten });
    return false;
  }

  /** A write of `count` bytes is over. */
  written(count: number, status: number): void {
    this.#unsentBytes -= count;
    if (status < 0) this.#fail("write", status);
    if (this.#unsentBytes > 0) return;
    this.#events.drained();
    if (this.#isOver) this.#events = NO_EVENTS;
  }

  unsent(): number {
    return this.#handle.writeQueueSize ?? this.#unsentBytes;
  }

  pause(): void {
    if (!this.#isOver && this.#socket === undefined) this.#handle.readStop();
  }

  resume(): void {
    if (!this.#isOver && !this.#peerEnded && this.#socket === undefined) this.#read();
  }

  probe(): void {
    // What is being sent tells by itself.
    if (this.#isOver || this.#isEnding || this.#unsentBytes > 0) return;
    // A connection that was reset has no peer any more. A Unix socket has none to ask for, but tells on Node that nothing
    // can be written to it.
    const status = this.#handle.getpeername?.({}) ?? this.#handle.writeBuffer(request(WriteWrap), NOTHING);
    if (status !== 0) this.#fail("probe", status);
  }

  end(): boolean {
    this.#isEnding = true;
    // Where it fails, the peer has reset the connection, as reading will tell.
    if (!this.#isOver) this.#handle.shutdown(request(ShutdownWrap));
    return this.#unsentBytes === 0;
  }

  close(abruptly: boolean): void {
    if (this.#isOver) return;
    this.#isOver = true;
    if (this.#unsentBytes === 0) this.#events = NO_EVENTS;
    const handle = this.#handle;
    const isReset = abruptly && handle.reset !== undefined;
    if (this.#socket !== undefined) isReset ? this.#socket.resetAndDestroy() : this.#socket.destroy();
    else if (!isReset || handle.reset!() !== 0) handle.close(); // Node resets none that is half-closing
  }

  detach(): DetachedSocket {
    this.#handle.readStop();
    const { Socket } = nodeProcess().getBuiltinModule("node:net");
    const socket = new Socket({
      allowHalfOpen: true,
      handle: this.#handle,
      onread: { buffer: READ_BUFFER, callback: (count: number) => socket.push(READ_BUFFER.slice(0, count)) },
    } as unknown as SocketConstructorOpts);
    this.#socket = socket;
    if (this.#peerEnded) socket.push(null);
    let cause: unknown;
    socket.once("error", (error) => cause = error);
    socket.once("close", () => {
      if (this.#isOver) return;
      this.#isOver = true;
      this.#events.transportClosed(cause);
    });
    return { socket, unshift: (bytes) => void socket.unshift(bytes) };
  }
}

/** A request of which nobody waits for the end. */
function request(Wrap: new () => HandleRequest): HandleRequest {
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

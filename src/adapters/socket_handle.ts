/**
 * The handle of a TCP or Unix socket, which lies below `net.Socket` on Node and Deno: a read or a write is one call of
 * it, where a socket is two streams. Neither documents it, so that `streamWrap` is missing where any of it is.
 */
import { KEEP_ALIVE_DELAY } from "../server/listen.ts";
import { nodeProcess } from "./node_process.ts";

/** An address as a handle tells it. */
export interface HandleAddress {
  address?: string;
  port?: number;
}

/** What a runtime calls once a write or a half-close that it could not do at once is done, or has failed. */
export interface HandleRequest {
  /** `status` is 0, or an error's number. */
  oncomplete(this: HandleRequest, status: number): void;
}

/** Most calls answer 0, or an error's number, which is negative. */
export interface SocketHandle {
  /** Called after each read. */
  onread(this: SocketHandle): void;
  /** What the system has not taken yet; Deno does not tell. */
  readonly writeQueueSize?: number;
  /** What it reads into. */
  useUserBuffer(bytes: Uint8Array): void;
  readStart(): number;
  readStop(): number;
  writeBuffer(request: HandleRequest, bytes: Uint8Array): number;
  shutdown(request: HandleRequest): number;
  /** Ends the writes that are under way, which Deno tells of before it returns. Called once. */
  close(): void;
  /** As `close`, with a reset: not after `shutdown`. TCP has it, and the next ones. */
  reset?(): number;
  getpeername?(into: HandleAddress): number;
  getsockname?(into: HandleAddress): number;
  setNoDelay?(noDelay: boolean): number;
  setKeepAlive?(keepAlive: boolean, seconds: number): number;
}

/** What listens. */
export interface ListenHandle extends SocketHandle {
  /** Called for each connection: with its handle on Node, while on Deno one asks for it by `accept`. */
  onconnection(status: number, handle?: SocketHandle): void;
  listen(backlog: number): number;
  accept?(into: SocketHandle): number;
}

/** What all handles share. */
export interface StreamWrap {
  readonly WriteWrap: new () => HandleRequest;
  readonly ShutdownWrap: new () => HandleRequest;
  /** What the last call has to tell, at the two indexes. */
  readonly streamBaseState: ArrayLike<number>;
  readonly kReadBytesOrError: number;
  readonly kLastWriteWasAsync: number;
  /**
   * To be called at the end of each callback of a handle: runs the microtasks, as Node does by itself. Deno has them wait
   * until no handle has anything to read, which may never be.
   */
  runMicrotasks(): void;
}

/** A part of the platform that is not public. */
export function binding(name: string): Record<string, unknown> {
  const process = nodeProcess() as unknown as { binding?(name: string): Record<string, unknown> };
  try {
    return process.binding?.(name) ?? {};
  } catch {
    return {}; // it has none of that name, or not for this program
  }
}

function findStreamWrap(): StreamWrap | undefined {
  if (warnsOfBinding()) return undefined;
  const runMicrotasks = "Deno" in globalThis ? denoMicrotasks() : () => {};
  const wrap = { ...binding("stream_wrap"), runMicrotasks } as StreamWrap;
  const { WriteWrap, ShutdownWrap, streamBaseState, kReadBytesOrError, kLastWriteWasAsync } = wrap;
  const isComplete = [WriteWrap, ShutdownWrap, runMicrotasks].every((part) => typeof part === "function") &&
    [streamBaseState?.[kReadBytesOrError], streamBaseState?.[kLastWriteWasAsync]]
      .every((part) => typeof part === "number");
  return isComplete ? wrap : undefined;
}

/** What Deno's own part of `node:net` calls. */
function denoMicrotasks(): (() => void) | undefined {
  const { Deno } = globalThis as unknown as { Deno: Record<symbol, DenoInternals> & { internal: symbol } };
  return Deno[Deno.internal]?.core?.runMicrotasks;
}

interface DenoInternals {
  readonly core?: { runMicrotasks?(): void };
}

/** Whether Node is to warn of `process.binding`, or to fail at it: then sockets do. Deno knows no such option. */
function warnsOfBinding(): boolean {
  if ("Deno" in globalThis) return false;
  const { execArgv, env } = nodeProcess();
  const options = [...execArgv, env.NODE_OPTIONS ?? ""].join(" ");
  return options.includes("--pending-deprecation") || env.NODE_PENDING_DEPRECATION === "1";
}

/** What handles need; `undefined` where sockets have to do. */
export const streamWrap: StreamWrap | undefined = findStreamWrap();

/** Has `take` called with the handle of each connection, instead of the listener's own; answers whether it can. */
export function takeHandles(listening: ListenHandle | null, take: (handle: SocketHandle) => void): boolean {
  if (streamWrap === undefined || listening === null) return false;
  // Older versions of Deno have handles that cannot do all of it.
  if ("Deno" in globalThis && !(listening.accept && listening.useUserBuffer)) return false;
  listening.onconnection = (status, handle) => {
    if (status !== 0) return; // one accept that failed; the listener goes on
    const accepted = handle ?? accept(listening);
    if (accepted !== undefined) take(accepted);
  };
  return true;
}

/** What a handle is to be, as Node and Deno number it. */
const CONNECTION = 0;

/** The next connection of `listening`, on Deno. */
function accept(listening: ListenHandle): SocketHandle | undefined {
  const Handle = listening.constructor as new (type: number) => SocketHandle;
  const handle = new Handle(CONNECTION);
  if (listening.accept?.(handle) === 0) return handle;
  handle.close();
  return undefined;
}

/** Sets TCP_NODELAY and SO_KEEPALIVE; answers whether it could: handles of Unix sockets and clusters have neither. */
export function setOptions(handle: SocketHandle): boolean {
  return handle.setNoDelay?.(true) === 0 && handle.setKeepAlive?.(true, KEEP_ALIVE_DELAY / 1000) === 0;
}

/** Linux gives a connection the options of the socket that accepts it, which saves system calls for each. */
export const INHERITS_OPTIONS: boolean = nodeProcess().platform === "linux" && !("Bun" in globalThis);

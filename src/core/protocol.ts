/**
 * The seam between a connection and the protocol that it speaks. `core` knows these interfaces only; `http1` and
 * `http2` implement them. It is synchronous, and what concerns one request goes through its exchange: a protocol may
 * have many at once.
 */
import type { ProtocolError } from "../api/errors.ts";
import type { Fields, HttpVersion, Upgraded } from "../api/exchange.ts";
import type { Timeouts } from "../api/timeouts.ts";
import type { Addr, CloseReason, Connection } from "../api/transport.ts";
import type { FieldLines } from "../wire/field_lines.ts";
import type { PooledBytes } from "../wire/pooled_bytes.ts";
import type { ReadWait } from "./read_wait.ts";

/** The fields of a request; names are in lower case. */
export interface RequestFields extends Iterable<[name: string, value: string]> {
  /** The values of all lines of this name, joined; `null` where there is none. */
  get(name: string): string | null;
  /** Whether there is a line of this name. */
  has(name: string): boolean;
}

/** A request's head, however it was transmitted. Valid while its exchange is under way, a snapshot for ever. */
export interface RequestView {
  /** The method, as sent. */
  readonly method: string;
  /** The request target, as sent (RFC 9112 §3.2). */
  readonly target: string;
  /** The client's HTTP version. */
  readonly httpVersion: HttpVersion;
  /** The protocol that an extended CONNECT asks for (RFC 8441 §4); `null` where it is none. */
  readonly protocol: string | null;
  /** Whether a body follows. */
  readonly hasBody: boolean;
  /** Whether the client still waits for 100 before it sends the body (RFC 9110 §10.1.1). */
  readonly expectsContinue: boolean;
  /** Whether the client wants the connection to persist (RFC 9112 §9.3). */
  readonly persists: boolean;
  /** The field lines. */
  readonly fields: RequestFields;
  /** What it was read from is about to be reused: copies that, unless it was copied. */
  retain(): void;
  /** A copy that stays valid after the exchange. */
  snapshot(): RequestView;
  /** Makes it ready for the next request. */
  reset(): void;
}

/** How a URL begins. */
export type Scheme = "http" | "https";

/** A request as the client sent it, as far as proxies tell. */
export interface ForwardedRequest {
  /** The client. */
  readonly remoteAddr: Addr | undefined;
  /** The scheme by which it came to the first proxy; `null` where none told it. */
  readonly scheme: Scheme | null;
  /** The host, and maybe a port, to which the client sent it; `null` where none told it. */
  readonly host: string | null;
  /** The port of the client's connection, instead of one of `host`; `null` where none told it. */
  readonly port: string | null;
}

/** `unanswered` → `streaming` → `complete`, or straight; `aborted` where there is nothing to respond to any more. */
export type ResponsePhase = "unanswered" | "streaming" | "complete" | "aborted";

/** The response of one exchange. Calls out of order throw an `ExchangeError`; once it is aborted they do nothing. */
export interface ResponseStream {
  /** How far it has come. */
  readonly phase: ResponsePhase;
  /** The status of its head; 0 before that was written. */
  readonly status: number;
  /** Whether the end of its body is the end of the connection. */
  readonly endsWithConnection: boolean;
  /** Whether nothing of a complete response waits for flow control. */
  readonly isWritten: boolean;
  /** Reports to `watcher` how a complete response ends: at once where that is known. */
  watch(watcher: ResponseWatcher): void;
  /** Sends a whole response. */
  respond(status: number, fields?: Fields, body?: string | Uint8Array | PooledBytes | null): void;
  /** Sends the head of a response whose body follows. */
  start(status: number, fields?: Fields): void;
  /** Sends a part of the body; answers whether more is welcome. */
  write(chunk: string | Uint8Array): boolean;
  /** Ends the body. */
  end(chunk?: string | Uint8Array | null, trailers?: Fields): void;
  /** Sends an interim response (RFC 9110 §15.2). */
  interim(status: number, fields?: Fields): void;
  /**
   * Sends the response after which the connection is another protocol's, with `lines` as its fields; nothing where
   * `silently`. Answers `false` where it was answered, or lost, meanwhile.
   */
  switchProtocols(silently: boolean, protocol: string | undefined, lines: FieldLines): boolean;
  /** There is nothing to respond to any more. */
  abort(): void;
}

/** Of a response that outlives its exchange: one of the two is called, once. */
export interface ResponseWatcher {
  /** All of it was written. */
  responseWritten(): void;
  /** The rest of it is lost. */
  responseLost(error: unknown): void;
}

/** What an exchange calls on its protocol. */
export interface ExchangePort extends ExchangeConnection {
  /** What may be asked when the exchange is over: this port may be that of another exchange then. */
  readonly lasting: ExchangeConnection;
  /** Bytes that were written on the connection. */
  readonly bytesAppended: number;
  /** Resolves when more of the response is welcome; rejects when the connection is closed first. */
  ready(): Promise<void>;
  /** The handler reads the body: sends 100 if the client waits for it, and feeds what is here. */
  bodyWanted(): void;
  /** A part of the response was sent; answers whether there may be more in this turn of the event loop. */
  spendTurn(): boolean;
  /** Other timeouts apply to this request, and the idle time after it. */
  setTimeouts(timeouts: Timeouts): void;
  /** The connection is another protocol's from now on. */
  openTunnel(): Upgraded;
  /** The response cannot be completed: the connection ends, visibly. */
  responseBroken(): void;
  /** The asynchronous handler of exchange `x` has ended, which may have been over before. */
  handlerSettled(x: unknown): void;
}

/** What an exchange knows of its connection. */
export interface ExchangeConnection {
  /** The connection, as users see it. */
  readonly connection: Connection;
  /** Whether the connection is encrypted. */
  readonly isSecure: boolean;
  /** Aborts when the connection is retired. */
  readonly draining: AbortSignal;
  /** What trusted proxies tell, by its `fields`, of a request; `null` where the peer is none. */
  forwarded(fields: RequestFields): ForwardedRequest | null;
  /** The handler, or what it has left behind, threw or rejected. */
  handlerFailed(error: unknown): void;
  /** Calls `callback` once the transport has what was written so far. */
  afterFlush(callback: () => void): void;
}

/** What a connection calls on its protocol. */
export interface ProtocolConnection {
  /** Processes `bytes[start, end)` as far as possible; answers where it stopped. */
  receive(bytes: Uint8Array, start: number, end: number): number;
  /** What it waits for now. `idle`: no byte of a next request has come. */
  readonly wait: ReadWait;
  /** Whether the next byte would be one of a head. */
  readonly readsHead: boolean;
  /** Whether it waits for the rest of something bounded that it can only process whole, however much waits already. */
  readonly needsRest?: boolean;
  /** Whether a request was received, as far as its handler takes it, and its response is not complete. */
  readonly awaitsHandler: boolean;
  /** Exchanges that are under way. */
  readonly exchanges: number;
  /** Whether a response is being streamed. */
  readonly isStreaming: boolean;
  /** Bytes of the current body received so far, without their framing. */
  readonly bodyReceived: number;
  /** Whether the connection's end would be taken for the end of a response that the peer has not got whole. */
  readonly closeTruncates: boolean;
  /** Why it is about to end the connection, which is idle, by itself; `null`, or missing, where it is not. */
  readonly pendingCloseReason?: CloseReason | null;
  /** Nothing is under way: releases what only an exchange needs. */
  becomeIdle(): void;
  /** The connection is to end, once what is under way is over; `idleGrace`: how long it may idle till then. */
  retire(idleGrace: number): void;
  /** The connection was idle for too long: ends it because of `reason`. */
  closeIdle(reason: CloseReason): void;
  /** The peer has half-closed; some of what it sent may still have to be processed. */
  peerHalfClosed(): void;
  /** The peer has half-closed, and everything was processed: what is incomplete stays so. */
  abandonIncomplete(): void;
  /** Refuses the request under way, or the one that is being received, and closes the connection. */
  refuse(error: ProtocolError, reason: CloseReason): void;
  /** Writes a response that says that the connection is refused. */
  writeRefusal(error: ProtocolError): void;
  /** The connection ends; its last response was written. */
  finish(): void;
  /**
   * The connection is closed; `bytes[start, end)` is what was received and not processed. Answers what is to be told,
   * once the connection has released everything.
   */
  close(bytes: Uint8Array, start: number, end: number): ConnectionLoss | null;
}

/** The exchanges that were under way when their connection was closed: one in HTTP/1.1. */
export interface ConnectionLoss {
  /** Tells the exchanges, and so their handlers. */
  connectionLost(error: unknown): void;
}

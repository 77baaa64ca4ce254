/**
 * What the streams of a connection share: the client's windows and ours, the fields that the engine sends, the connection
 * as users see it.
 */
import type { ProtocolError } from "../api/errors.ts";
import type { Connection } from "../api/transport.ts";
import type { Engine } from "../core/engine.ts";
import type { ExchangeConnection, ForwardedRequest, RequestFields } from "../core/protocol.ts";
import type { ProtocolHost } from "../core/protocol_host.ts";
import type { ByteWriter } from "../wire/byte_writer.ts";
import { ConnectionWindows } from "./connection_windows.ts";
import { writeRstStream, writeWindowUpdate } from "./frame.ts";
import { NO_DYNAMIC_TABLE } from "./hpack_encoder.ts";
import { ERROR, type ErrorCode } from "./http2_error.ts";
import { LateResets } from "./late_resets.ts";
import { OutputScheduler } from "./output_scheduler.ts";
import { sendRefusal } from "./refusal.ts";
import { Resets } from "./resets.ts";

/** The connection. */
export interface StreamOwner<Stream> {
  /** A handler has ended. */
  handlerEnded(): void;
  /** A program's response wants the connection to end. */
  closeRequested(): void;
  /** `stream` is closed, and its exchange over. */
  streamOver(stream: Stream): void;
  /** Nothing refers to `stream` any more, which is over. */
  streamFree(stream: Stream): void;
}

/** The context of one connection's streams. */
export class StreamContext<Stream> implements ExchangeConnection {
  readonly engine: Engine;
  readonly owner: StreamOwner<Stream>;
  /** Sends the streams' bodies. */
  readonly scheduler: OutputScheduler;
  /** What the client may send on all streams. */
  readonly windows: ConnectionWindows;
  /** The streams that were reset. */
  readonly resets: Resets;
  /** Whether nothing is sent any more. */
  isClosed = false;
  readonly #connection: ProtocolHost;
  readonly #dateField: () => Uint8Array;
  #hasSentBlock = false;
  #lateResets: LateResets | null = null;

  /** Of `connection`, whose protocol is `owner`. */
  constructor(connection: ProtocolHost, owner: StreamOwner<Stream>, dateField: () => Uint8Array) {
    const { engine } = connection;
    this.engine = engine;
    this.owner = owner;
    this.scheduler = new OutputScheduler(connection);
    this.windows = new ConnectionWindows(engine.settings.http2!.maxWindowSize);
    this.resets = new Resets(engine);
    this.#connection = connection;
    this.#dateField = dateField;
  }

  // The connection.

  /** As users see it. */
  get connection(): Connection {
    return this.#connection.facade;
  }

  /** Whether it is encrypted. */
  get isSecure(): boolean {
    return this.#connection.isSecure;
  }

  /** Whether the client sends no more. */
  get inputEnded(): boolean {
    return this.#connection.inputEnded;
  }

  /** Aborts when it is retired. */
  get draining(): AbortSignal {
    return this.#connection.draining;
  }

  /** What trusted proxies tell of a request; `null` where the peer is none. */
  forwarded(fields: RequestFields): ForwardedRequest | null {
    return this.engine.trustedProxies?.read(this.connection.remoteAddr, fields) ?? null;
  }

  /** Calls `callback` once the transport has what was written so far. */
  afterFlush(callback: () => void): void {
    this.engine.flushes.afterFlush(callback);
  }

  /** A handler threw or rejected. */
  handlerFailed(error: unknown): void {
    this.engine.observer.handlerFailed(error);
  }

  /** A part of a response was sent; answers whether there may be more in this turn of the event loop. */
  spendTurn(): boolean {
    return this.#connection.spendTurn();
  }

  /** A call of the program's is an event by itself, unless it comes while one is being processed. */
  beginEvent(): void {
    if (!this.#connection.isProcessing) this.engine.beginEvent();
  }

  // What is sent.

  /** What is gathered for the client. */
  acquire(): ByteWriter {
    return this.#connection.out.acquire();
  }

  /**
   * A response is complete. Outside of an event it is queued, and leaves with those of an earlier millisecond, or at once
   * where responses are not batched. Here all transports batch: the responses of other streams may follow in this turn.
   */
  responseComplete(): void {
    if (!this.#connection.isProcessing) this.engine.flushes.eventBegins(this.engine.now);
  }

  /** Whether what need not be sent may be. */
  acceptsInterim(): boolean {
    return this.#connection.out.acceptsFrame();
  }

  /** Resolves when the transport takes more, and it is the connection's turn; rejects when that is closed first. */
  ready(): Promise<void> {
    return this.#connection.out.ready();
  }

  /** Date as an encoded field. */
  dateField(): Uint8Array {
    return this.#dateField();
  }

  /** A field block is about to be encoded: appends what has to stand before the first one. */
  beginBlock(block: ByteWriter): void {
    this.beginEvent();
    if (!this.#hasSentBlock) block.copy(NO_DYNAMIC_TABLE);
  }

  /** It was written. */
  blockWritten(): void {
    this.#hasSentBlock = true;
  }

  /** Ends stream `id`. */
  sendReset(id: number, code: ErrorCode): void {
    if (this.isClosed) return;
    writeRstStream(this.acquire(), id, code);
    this.resets.remember(id);
  }

  /** The response was sent on stream `id`: what more the client has to send there is of no use. */
  stopRequest(id: number): void {
    if (this.isClosed) return;
    this.resets.remember(id);
    this.#lateResets ??= new LateResets(this.engine, (stream) => this.sendReset(stream, ERROR.noError));
    this.#lateResets.add(id);
  }

  /** The client has ended stream `id`, which is closed on this side. */
  requestStopped(id: number): void {
    this.#lateResets?.remove(id);
  }

  /** Nothing is sent any more. */
  close(): void {
    this.isClosed = true;
    this.#lateResets?.stop();
  }

  /** Refuses the request of stream `id`, whose client takes `window` octets, and none where it has asked by HEAD. */
  sendRefusal(id: number, method: string | null, error: ProtocolError, window: number): void {
    const room = method === "HEAD" ? 0 : Math.min(window, this.scheduler.sendWindow);
    sendRefusal(this, id, error, room);
  }

  /** Reports to the observer that a request was refused. Comes last: a listener may close the connection. */
  requestRefused(error: ProtocolError): void {
    this.engine.observer.requestRefused(error, this.#connection);
  }

  // What the client may send.

  /** DATA of so many octets has come; answers `false` where the window is smaller. */
  receiveData(count: number): boolean {
    if (!this.windows.receive(count)) return false;
    this.#giveConnectionWindow();
    return true;
  }

  /** What waits for its readers, on all streams, has changed by so many octets. */
  unreadChanged(change: number): void {
    this.windows.unread += change;
    this.#giveConnectionWindow();
  }

  #giveConnectionWindow(): void {
    const increment = this.windows.increment();
    if (increment > 0) this.giveWindow(0, increment);
  }

  /** Gives the client `increment` octets more of the window of stream `id`; 0 is the connection. */
  giveWindow(id: number, increment: number): void {
    if (!this.isClosed) writeWindowUpdate(this.acquire(), id, increment);
  }
}

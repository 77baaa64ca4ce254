/**
 * HTTP/2 on one connection (RFC 9113): opens a stream for each request that is read, hands on what comes for it, and sends
 * what streams have to send, as far as the client's windows allow.
 */
import { ConnectionError, ProtocolError } from "../api/errors.ts";
import type { CloseReason, Connection } from "../api/transport.ts";
import type { Engine } from "../core/engine.ts";
import type {
  ConnectionLoss,
  ForwardedRequest,
  ProtocolConnection,
  RequestFields,
} from "../core/protocol.ts";
import type { ProtocolHost } from "../core/protocol_host.ts";
import type { ReadWait } from "../core/read_wait.ts";
import { RequestTrace } from "../core/request_trace.ts";
import type { ByteWriter } from "../wire/byte_writer.ts";
import { ConnectionWindows } from "./connection_windows.ts";
import {
  FLAG,
  MAX_FRAME_SIZE,
  MAX_UINT31,
  writePing,
  writeRstStream,
  writeSettings,
  writeSettingsAck,
  writeWindowUpdate,
} from "./frame.ts";
import { type FrameHandler, FrameReader } from "./frame_reader.ts";
import { GoingAway, type GoingAwayOwner } from "./going_away.ts";
import { HpackError } from "./hpack_decoder.ts";
import { NO_DYNAMIC_TABLE } from "./hpack_encoder.ts";
import { ERROR, type ErrorCode, Http2ConnectionError } from "./http2_error.ts";
import { priorityOf } from "./priority.ts";
import { sendRefusal } from "./refusal.ts";
import type { Http2Request } from "./request.ts";
import { RequestDecoder } from "./request_decoder.ts";
import { ResetBudget } from "./reset_budget.ts";
import { SendQueue } from "./send_queue.ts";
import { DEFAULT_WINDOW, ownSettings, PeerSettings } from "./settings.ts";
import type { Http2Stream, StreamHost } from "./stream.ts";
import type { StreamOutput } from "./stream_output.ts";
import { acquireStream, releaseStream } from "./stream_pool.ts";

/** Octets that a stream sends in its turn, where others wait. */
const QUANTUM = MAX_FRAME_SIZE;
/** Streams that we have reset, of which frames may be on their way. */
const MAX_REMEMBERED = 256;

/** The HTTP/2 side of a connection. */
export class Http2Connection implements FrameHandler, GoingAwayOwner, ProtocolConnection, StreamHost {
  readonly engine: Engine;
  readonly #connection: ProtocolHost;
  readonly #dateField: () => Uint8Array;
  readonly #frames: FrameReader;
  readonly #decoder: RequestDecoder;
  readonly #peer: PeerSettings = new PeerSettings();
  readonly #windows: ConnectionWindows;
  readonly #goingAway: GoingAway;
  readonly #streams: Map<number, Http2Stream> = new Map();
  /** The highest stream that the client has opened. */
  #lastStream = 0;
  /** The stream of the DATA that is being read; `null` where that is dropped. */
  #dataStream: Http2Stream | null = null;
  #dataEndsStream = false;
  #sendQueue: SendQueue<Http2Stream> | null = null;
  #resets: ResetBudget | null = null;
  /** Streams that we have reset, the latest of them. */
  #remembered: Set<number> | null = null;
  /** Handlers that run, of streams that are closed, too. */
  #running = 0;
  /** The stream whose handler is being called. */
  #starting: Http2Stream | null = null;
  #hasSentBlock = false;
  /** Whether the client knows our settings. */
  #hasSettingsAck = false;
  /** Whether nothing is read any more. */
  #isDone = false;
  bodyReceived = 0;
  sendWindow: number = DEFAULT_WINDOW;

  /** The protocol of `connection`, whose client has sent the preface; sends our own. */
  constructor(connection: ProtocolHost, dateField: () => Uint8Array) {
    const { engine } = connection;
    const { settings } = engine;
    this.engine = engine;
    this.#connection = connection;
    this.#dateField = dateField;
    this.#frames = new FrameReader(this, settings.maxHeaderBytes);
    this.#decoder = new RequestDecoder(settings);
    this.#windows = new ConnectionWindows(settings.http2!.maxWindowSize);
    this.#goingAway = new GoingAway(this, engine);
    const out = this.acquire();
    writeSettings(out, ownSettings(settings));
    if (this.#windows.opening > 0) writeWindowUpdate(out, 0, this.#windows.opening);
  }

  // The read loop.

  receive(bytes: Uint8Array, start: number, end: number): number {
    let at = start;
    try {
      this.#send();
      while (!this.#isDone && !this.#connection.turnIsOver) {
        const next = this.#frames.read(bytes, at, end);
        if (next === at) break;
        at = next;
      }
      this.#send();
    } catch (error) {
      this.#breakOff(asConnectionError(error));
    }
    return this.#isDone ? end : at;
  }

  acceptsAnswers(): boolean {
    return this.#connection.out.acceptsResponse();
  }

  frameRead(): void {
    this.#connection.spendTurn();
  }

  // Requests.

  block(id: number, endsStream: boolean, bytes: Uint8Array, start: number, end: number): void {
    if (id > this.#lastStream) {
      this.#lastStream = id;
      const request = this.#decoder.request(bytes, start, end, endsStream);
      return this.#open(id, request, endsStream);
    }
    const trailers = this.#decoder.trailers(bytes, start, end);
    const stream = this.#streams.get(id);
    if (stream === undefined || stream.input.hasEnded) return this.#late(id, "HEADERS");
    if (trailers instanceof ProtocolError) return this.#malformed(stream, trailers.message);
    if (!endsStream) return this.#malformed(stream, "trailers do not end the stream");
    if (!stream.receiveEnd(trailers)) this.#malformed(stream, "the body has not its content-length");
  }

  /** A frame of a stream that has ended (RFC 9113 §5.1). */
  #late(id: number, frame: string): void {
    if (this.#remembered?.has(id)) return; // it was sent before our RST_STREAM was received
    if (this.#streams.has(id)) {
      return this.#streams.get(id)!.reset(
        ERROR.streamClosed,
        peerGone(`the client has sent ${frame} after its end`),
      );
    }
    throw new Http2ConnectionError(ERROR.streamClosed, `${frame} of a stream that is closed`);
  }

  #malformed(stream: Http2Stream, message: string): void {
    this.#countReset();
    stream.reset(ERROR.protocolError, new ProtocolError("body_incomplete", 400, message));
  }

  #open(id: number, request: Http2Request | ProtocolError, endsStream: boolean): void {
    if (!this.#goingAway.takesStream()) return;
    const { maxConcurrentStreams } = this.engine.settings.http2!;
    if (Math.max(this.#streams.size, this.#running) >= maxConcurrentStreams) {
      this.#countReset();
      return this.sendReset(id, ERROR.refusedStream);
    }
    if (request instanceof ProtocolError) return this.#refuseRequest(id, request, endsStream);
    const { maxBodyBytes } = this.engine.settings;
    if (maxBodyBytes > 0 && (request.contentLength ?? 0) > maxBodyBytes) {
      const message = `the request body is larger than ${maxBodyBytes} bytes`;
      return this.#refuseRequest(id, new ProtocolError("body_too_large", 413, message), endsStream, request);
    }
    this.#begin(id, request);
  }

  /** What is malformed is no request (RFC 9113 §8.1.1); what is over a limit is answered. */
  #refuseRequest(
    id: number,
    error: ProtocolError,
    endsStream: boolean,
    request: Http2Request | null = null,
  ): void {
    const { tracer, clock } = this.engine;
    const isTraced = tracer !== null && tracer.isObserved;
    const trace = isTraced
      ? new RequestTrace(tracer, clock, { connection: this.facade, bytesAppended: 0 }, request)
      : null;
    trace?.start(() => {});
    if (this.#isDone) return;
    if (error.status === 400) {
      this.#countReset();
      this.sendReset(id, ERROR.protocolError);
    } else {
      sendRefusal(this, id, error, Math.min(this.#peer.initialWindow, this.sendWindow));
      if (!endsStream) this.sendReset(id, ERROR.noError);
    }
    trace?.end(error.status, 0, error);
    this.engine.observer.requestRefused(error, this.#connection);
  }

  #begin(id: number, request: Http2Request): void {
    const connection = this.#connection;
    const { handler, observer } = this.engine;
    const stream = acquireStream();
    stream.begin(this, id, request, this.#peer.initialWindow, this.#receiveWindow);
    this.#running++;
    connection.policy.begin();
    connection.timers.headComplete();
    this.#streams.set(id, stream);
    observer.requestBegan(connection.policy.requests);
    connection.life.beginRequest();
    // `onStateChange` may have closed the connection.
    if (stream.exchange.response.phase === "aborted") return;
    this.#starting = stream;
    stream.exchange.run(handler);
    this.#starting = null;
    if (connection.inputEnded) this.peerHalfClosed();
    if (stream.isReusable) releaseStream(stream);
    const reason = connection.policy.reasonToRetire();
    if (reason !== null) this.#goingAway.announce(reason, 0);
  }

  /** A stream's window, which is the usual one until the client knows ours. */
  get #receiveWindow(): number {
    const { initialWindowSize } = this.engine.settings.http2!;
    return this.#hasSettingsAck ? initialWindowSize : Math.max(initialWindowSize, DEFAULT_WINDOW);
  }

  // Bodies.

  dataBegins(id: number, length: number, count: number, endsStream: boolean): void {
    if (!this.#windows.receive(length)) {
      throw new Http2ConnectionError(ERROR.flowControlError, "more DATA than the connection's window allows");
    }
    this.#giveConnectionWindow();
    this.#dataStream = this.#streamOfData(id, length, count, endsStream);
    this.#dataEndsStream = endsStream;
    this.#dataStream?.input.receivePadding(length - count);
  }

  dataPart(bytes: Uint8Array, start: number, end: number): void {
    this.bodyReceived += end - start;
    this.#dataStream?.receiveData(bytes, start, end);
  }

  dataEnds(): void {
    const stream = this.#dataStream;
    this.#dataStream = null;
    if (this.#dataEndsStream) stream?.receiveEnd(null);
  }

  /** The stream that DATA of `length` octets goes to; `null` where it is dropped. */
  #streamOfData(id: number, length: number, count: number, endsStream: boolean): Http2Stream | null {
    const stream = this.#streams.get(id);
    if (stream === undefined || stream.input.hasEnded) {
      if (id > this.#lastStream) {
        throw new Http2ConnectionError(ERROR.protocolError, "DATA of a stream that is idle");
      }
      this.#late(id, "DATA");
      return null;
    }
    stream.input.window -= length;
    if (stream.input.window < 0) {
      this.#countReset();
      stream.reset(
        ERROR.flowControlError,
        peerGone("the client has sent more than the stream's window allows"),
      );
      return null;
    }
    if (!stream.expectData(count, endsStream)) {
      this.#malformed(stream, "the body has not its content-length");
      return null;
    }
    return stream;
  }

  // Other frames.

  rstStream(id: number): void {
    if (id > this.#lastStream) {
      throw new Http2ConnectionError(ERROR.protocolError, "RST_STREAM of a stream that is idle");
    }
    const stream = this.#streams.get(id);
    if (stream === undefined) return;
    this.#countReset();
    stream.lost(peerGone("the client has reset the stream"));
  }

  #countReset(): void {
    const { now } = this.engine;
    this.#resets ??= new ResetBudget(now);
    if (!this.#resets.spend(now)) {
      throw new Http2ConnectionError(ERROR.enhanceYourCalm, "too many streams are reset");
    }
  }

  settingsAcknowledged(): void {
    this.#hasSettingsAck = true;
  }

  settings(bytes: Uint8Array, start: number, end: number): void {
    const { initialWindow } = this.#peer;
    this.#peer.read(bytes, start, end);
    const change = this.#peer.initialWindow - initialWindow;
    if (change !== 0) {
      for (const stream of [...this.#streams.values()]) {
        if (!stream.output.widen(change)) {
          throw new Http2ConnectionError(
            ERROR.flowControlError,
            "INITIAL_WINDOW_SIZE makes a window too large",
          );
        }
        this.#windowWidened(stream);
      }
    }
    writeSettingsAck(this.acquire());
  }

  ping(isAnswer: boolean, data: Uint8Array): void {
    if (isAnswer) this.#goingAway.pingAnswered(data);
    else writePing(this.acquire(), FLAG.ack, data);
  }

  windowUpdate(id: number, increment: number): void {
    if (increment === 0) throw new Http2ConnectionError(ERROR.protocolError, "WINDOW_UPDATE of 0");
    if (id === 0) {
      if (this.sendWindow + increment > MAX_UINT31) {
        throw new Http2ConnectionError(ERROR.flowControlError, "WINDOW_UPDATE makes the window too large");
      }
      const wasClosed = this.sendWindow <= 0;
      this.sendWindow += increment;
      if (wasClosed) { for (const stream of [...this.#streams.values()]) this.#windowWidened(stream); }
      return;
    }
    if (id > this.#lastStream) {
      throw new Http2ConnectionError(ERROR.protocolError, "WINDOW_UPDATE of a stream that is idle");
    }
    const stream = this.#streams.get(id);
    if (stream === undefined) return;
    if (stream.output.widen(increment)) return this.#windowWidened(stream);
    this.#countReset();
    stream.reset(ERROR.flowControlError, peerGone("the client has made the stream's window too large"));
  }

  #windowWidened(stream: Http2Stream): void {
    if (stream.output.isReady) this.enqueue(stream);
    stream.outputAdvanced();
  }

  priorityUpdate(id: number, field: string): void {
    if (id === 0) throw new Http2ConnectionError(ERROR.protocolError, "PRIORITY_UPDATE of stream 0");
    const stream = this.#streams.get(id);
    if (stream === undefined) return;
    const { isQueued } = stream;
    if (isQueued) this.#sendQueue!.remove(stream);
    stream.priority = priorityOf(field);
    if (isQueued) this.#sendQueue!.add(stream);
  }

  // Sending.

  acquire(): ByteWriter {
    return this.#connection.out.acquire();
  }

  acceptsData(): boolean {
    return this.#connection.out.acceptsResponse() && !this.#connection.turnIsOver;
  }

  get isContended(): boolean {
    return this.#sendQueue !== null && this.#sendQueue.size > 0;
  }

  enqueue(stream: Http2Stream): void {
    if (stream.output.window > 0) (this.#sendQueue ??= new SendQueue()).add(stream);
  }

  /** Sends what waits, as far as it may. */
  #send(): void {
    const queue = this.#sendQueue;
    if (queue === null) return;
    while (this.sendWindow > 0 && this.acceptsData()) {
      const stream = queue.first();
      if (stream === undefined) return;
      if (stream.output.resume(QUANTUM)) queue.rotate(stream);
      else if (this.sendWindow > 0 && this.acceptsData()) queue.remove(stream);
      stream.outputAdvanced();
      this.#connection.spendTurn();
    }
  }

  dateField(): Uint8Array {
    return this.#dateField();
  }

  beginBlock(block: ByteWriter): void {
    if (!this.#connection.isProcessing) this.engine.beginEvent();
    if (!this.#hasSentBlock) block.copy(NO_DYNAMIC_TABLE);
  }

  blockWritten(): void {
    this.#hasSentBlock = true;
  }

  acceptsInterim(): boolean {
    return this.#connection.out.acceptsResponse();
  }

  ready(): Promise<void> {
    return this.#connection.out.ready();
  }

  sendReset(id: number, code: ErrorCode): void {
    if (this.#isDone) return;
    writeRstStream(this.acquire(), id, code);
    const remembered = this.#remembered ??= new Set();
    if (remembered.size >= MAX_REMEMBERED) remembered.delete(remembered.values().next().value!);
    remembered.add(id);
  }

  sendRefusal(id: number, output: StreamOutput, error: ProtocolError): void {
    sendRefusal(this, id, error, Math.min(output.window, this.sendWindow));
    this.engine.observer.requestRefused(error, this.#connection);
  }

  giveWindow(id: number, increment: number): void {
    if (!this.#isDone) writeWindowUpdate(this.acquire(), id, increment);
  }

  unreadChanged(change: number): void {
    this.#windows.unread += change;
    this.#giveConnectionWindow();
  }

  #giveConnectionWindow(): void {
    const increment = this.#windows.increment();
    if (increment > 0) this.giveWindow(0, increment);
  }

  // Streams.

  streamOver(stream: Http2Stream): void {
    this.#streams.delete(stream.id);
    if (stream.isQueued) this.#sendQueue!.remove(stream);
    if (stream !== this.#starting && stream.isReusable) releaseStream(stream);
    if (this.#streams.size > 0) return;
    this.#goingAway.streamsOver();
    this.#connection.resumeProcessing(); // it may be idle now
  }

  streamFree(stream: Http2Stream): void {
    releaseStream(stream);
  }

  handlerEnded(): void {
    this.#running--;
  }

  // What the connection asks, and tells.

  get wait(): ReadWait {
    if (this.#frames.isPartial) return "head";
    return this.#streams.size > 0 ? "none" : "idle";
  }

  get readsHead(): boolean {
    return this.#streams.size === 0;
  }

  get awaitsHandler(): boolean {
    return this.#streams.size > 0;
  }

  get isExchangeUnderWay(): boolean {
    return this.#streams.size > 0;
  }

  get isStreaming(): boolean {
    for (const { exchange } of this.#streams.values()) {
      if (exchange.response.phase === "streaming") return true;
    }
    return false;
  }

  get closeTruncates(): boolean {
    return false;
  }

  becomeIdle(): void {}

  retire(idleGrace: number): void {
    this.#goingAway.announce("shutdown", idleGrace);
  }

  peerHalfClosed(): void {
    for (const { exchange } of [...this.#streams.values()]) {
      if (exchange.isUnderWay && exchange.response.phase !== "complete") {
        exchange.abortSignal(peerGone("the client closed its side before the response was complete"));
      }
    }
  }

  abandonIncomplete(): void {
    const error = peerGone("the client closed its side before the end of the request body");
    for (const { exchange } of [...this.#streams.values()]) {
      if (!exchange.body.complete) exchange.body.fail(error);
    }
    this.#goingAway.clientGone();
  }

  // The end.

  /** The client has broken the protocol. */
  #breakOff({ errorCode, message }: Http2ConnectionError): void {
    this.#end(errorCode, message, "protocol_error", new ProtocolError("bad_frame", 400, message));
  }

  refuse(error: ProtocolError, reason: CloseReason): void {
    this.#end(ERROR.enhanceYourCalm, error.message, reason, error);
  }

  #end(code: ErrorCode, message: string, reason: CloseReason, error: ProtocolError): void {
    const lost = [...this.#streams.values()];
    this.#goingAway.end(code, message);
    this.#connection.refusalWritten();
    this.#connection.lingeringClose(reason);
    // Last, since both may do anything with the connection.
    for (const stream of lost) stream.lost(error);
    this.engine.observer.requestRefused(error, this.#connection);
  }

  writeRefusal(error: ProtocolError): void {
    this.#goingAway.end(ERROR.enhanceYourCalm, error.message);
    this.#connection.refusalWritten();
  }

  finish(): void {
    this.#goingAway.end(ERROR.noError, "");
    this.#isDone = true;
  }

  close(): ConnectionLoss | null {
    this.#isDone = true;
    this.#goingAway.stop();
    const lost = [...this.#streams.values()];
    if (lost.length === 0) return null;
    return {
      connectionLost(error) {
        for (const stream of lost) stream.lost(error);
      },
    };
  }

  // What streams need of the connection.

  get facade(): Connection {
    return this.#connection.facade;
  }

  get isSecure(): boolean {
    return this.#connection.isSecure;
  }

  get draining(): AbortSignal {
    return this.#connection.draining;
  }

  forwarded(fields: RequestFields): ForwardedRequest | null {
    return this.engine.trustedProxies?.read(this.facade.remoteAddr, fields) ?? null;
  }

  spendTurn(): boolean {
    return this.#connection.spendTurn();
  }

  handlerFailed(error: unknown): void {
    this.engine.observer.handlerFailed(error);
  }

  closeRequested(): void {
    this.#goingAway.announce("response_close", 0);
  }

  // What its end needs.

  get lastStream(): number {
    return this.#lastStream;
  }

  get hasStreams(): boolean {
    return this.#streams.size > 0;
  }

  leave(reason: CloseReason): void {
    this.#connection.lingeringClose(reason);
  }
}

/** Why the connection cannot go on; an error of another kind is thrown again. */
function asConnectionError(error: unknown): Http2ConnectionError {
  if (error instanceof Http2ConnectionError) return error;
  if (error instanceof HpackError) return new Http2ConnectionError(ERROR.compressionError, error.message);
  throw error;
}

function peerGone(message: string): ConnectionError {
  return new ConnectionError("peer_gone", message);
}

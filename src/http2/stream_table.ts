/**
 * The streams of a connection, and what frames do to them (RFC 9113 §5.1, §6).
 */
import { ProtocolError } from "../api/errors.ts";
import { bodyTooLarge, halfClosedInBody, halfClosedInResponse, peerGone } from "../core/client_errors.ts";
import type { ConnectionLoss } from "../core/protocol.ts";
import type { ProtocolHost } from "../core/protocol_host.ts";
import { RequestTrace } from "../core/request_trace.ts";
import { EarlyPriorities } from "./early_priorities.ts";
import { writeSettingsAck } from "./frame.ts";
import type { StreamFrames } from "./frame_reader.ts";
import type { GoingAway } from "./going_away.ts";
import { ERROR, Http2ConnectionError } from "./http2_error.ts";
import { priorityOf } from "./priority.ts";
import type { Http2Request } from "./request.ts";
import { RequestDecoder } from "./request_decoder.ts";
import { DEFAULT_WINDOW, PeerSettings } from "./settings.ts";
import type { Http2Stream } from "./stream.ts";
import { StreamContext, type StreamOwner } from "./stream_context.ts";
import { acquireStream, releaseStream } from "./stream_pool.ts";

/** The streams of one connection. */
export class StreamTable implements ConnectionLoss, StreamFrames, StreamOwner<Http2Stream> {
  /** What they share. */
  readonly context: StreamContext<Http2Stream>;
  /** The highest stream that the client has opened. */
  last = 0;
  /** Octets of bodies that were received. */
  bodyReceived = 0;
  /** Whether the client knows our settings. */
  #hasSettingsAck = false;
  readonly #connection: ProtocolHost;
  readonly #goingAway: GoingAway;
  readonly #decoder: RequestDecoder;
  readonly #peer: PeerSettings = new PeerSettings();
  readonly #streams: Map<number, Http2Stream> = new Map();
  /** The stream of the DATA that is being read; `null` where that is dropped. */
  #dataStream: Http2Stream | null = null;
  #dataEndsStream = false;
  /** Of streams that are not open yet. */
  #priorities: EarlyPriorities | null = null;
  /** Handlers that run, of streams that are closed, too. */
  #running = 0;

  /** Of `connection`, which ends as `goingAway` says. */
  constructor(connection: ProtocolHost, goingAway: GoingAway, dateField: () => Uint8Array) {
    this.#connection = connection;
    this.#goingAway = goingAway;
    this.#decoder = new RequestDecoder(connection.engine.settings);
    this.context = new StreamContext(connection, this, dateField);
  }

  /** How many there are. */
  get size(): number {
    return this.#streams.size;
  }

  /** All of them; those that end while it is iterated are passed over. */
  get all(): IterableIterator<Http2Stream> {
    return this.#streams.values();
  }

  // Requests.

  block(id: number, endsStream: boolean, bytes: Uint8Array, start: number, end: number): void {
    if (id > this.last) {
      this.last = id;
      const request = this.#decoder.request(bytes, start, end, endsStream);
      return this.#open(id, request, endsStream);
    }
    const trailers = this.#decoder.trailers(bytes, start, end);
    const stream = this.#streams.get(id);
    if (stream === undefined || stream.input.hasEnded) return this.#late(id, "HEADERS", endsStream);
    if (trailers instanceof ProtocolError) return this.#malformed(stream, trailers.message);
    if (!endsStream) return this.#malformed(stream, "trailers do not end the stream");
    if (!stream.receiveEnd(trailers)) this.#malformed(stream, "the body has not its content-length");
  }

  /** A stream that was never opened takes no `frame`; those of even numbers are not the client's to open (RFC 9113 §5.1.1). */
  #assertOpened(id: number, frame: string): void {
    if (id <= this.last && id % 2 === 1) return;
    throw new Http2ConnectionError(ERROR.protocolError, `${frame} of a stream that is idle`);
  }

  /** A frame of a stream that has ended (RFC 9113 §5.1). */
  #late(id: number, frame: string, endsStream: boolean): void {
    if (this.#goingAway.isPassedOver(id)) return;
    if (this.context.resets.has(id)) { // it was sent before our RST_STREAM was received
      if (endsStream) this.context.requestStopped(id);
      return;
    }
    const stream = this.#streams.get(id);
    if (stream !== undefined && stream.state !== "closed") {
      this.context.resets.count();
      return stream.reset(ERROR.streamClosed, peerGone(`the client has sent ${frame} after its end`));
    }
    throw new Http2ConnectionError(ERROR.streamClosed, `${frame} of a stream that is closed`);
  }

  #malformed(stream: Http2Stream, message: string): void {
    this.context.resets.count();
    stream.reset(ERROR.protocolError, new ProtocolError("body_incomplete", 400, message));
  }

  #open(id: number, request: Http2Request | ProtocolError, endsStream: boolean): void {
    if (!this.#goingAway.takesStream()) return;
    const { maxConcurrentStreams } = this.#connection.engine.settings.http2!;
    if (Math.max(this.#streams.size, this.#running) >= maxConcurrentStreams) {
      this.context.resets.count();
      return this.context.sendReset(id, ERROR.refusedStream);
    }
    if (request instanceof ProtocolError) return this.#refuseRequest(id, request, endsStream);
    const { maxBodyBytes } = this.#connection.engine.settings;
    if (maxBodyBytes > 0 && (request.contentLength ?? 0) > maxBodyBytes) {
      return this.#refuseRequest(id, bodyTooLarge(maxBodyBytes), endsStream, request);
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
    this.#connection.timers.headComplete();
    this.#connection.life.beginHead(false);
    const { tracer, clock } = this.#connection.engine;
    const isTraced = tracer !== null && tracer.isObserved;
    const trace = isTraced
      ? new RequestTrace(tracer, clock, { connection: this.#connection.facade, bytesAppended: 0 }, request)
      : null;
    trace?.start(() => {});
    if (this.context.isClosed) return; // `onStateChange`, or a listener, has closed the connection
    if (error.status === 400) {
      this.context.resets.count();
      this.context.sendReset(id, ERROR.protocolError);
    } else {
      const { method } = request ?? { method: this.#decoder.refusedMethod };
      this.context.sendRefusal(id, method, error, this.#peer.initialWindow);
      if (!endsStream) this.context.stopRequest(id);
    }
    trace?.end(error.status, 0, error);
    this.context.requestRefused(error);
  }

  #begin(id: number, request: Http2Request): void {
    const connection = this.#connection;
    const { handler, observer } = this.#connection.engine;
    const stream = acquireStream();
    stream.begin(this.context, id, request, this.#peer.initialWindow, this.#receiveWindow);
    const priority = this.#priorities?.take(id);
    if (priority !== undefined) stream.priority = priority;
    this.#running++;
    connection.policy.begin();
    connection.timers.headComplete();
    this.#streams.set(id, stream);
    observer.requestBegan(connection.policy.requests);
    connection.life.beginRequest();
    // `onStateChange` may have closed the connection.
    if (stream.exchange.response.phase === "aborted") return;
    stream.run(handler);
    if (connection.inputEnded) this.abortSignals();
    if (stream.isReusable) releaseStream(stream);
    const reason = connection.policy.reasonToRetire();
    if (reason !== null) this.#goingAway.announce(reason, 0);
  }

  /** A stream's window, which is the usual one until the client knows ours. */
  get #receiveWindow(): number {
    const { initialWindowSize } = this.#connection.engine.settings.http2!;
    return this.#hasSettingsAck ? initialWindowSize : Math.max(initialWindowSize, DEFAULT_WINDOW);
  }

  /** The client knows our settings, by which the windows of its streams change. */
  settingsAcknowledged(): void {
    const before = this.#receiveWindow;
    this.#hasSettingsAck = true;
    const change = this.#receiveWindow - before;
    if (change !== 0) { for (const { input } of this.all) input.resize(change); }
  }

  // Bodies.

  dataBegins(id: number, length: number, count: number, endsStream: boolean): void {
    if (!this.context.receiveData(length)) {
      throw new Http2ConnectionError(ERROR.flowControlError, "more DATA than the connection's window allows");
    }
    this.#dataStream = this.#streamOfData(id, length, count, endsStream);
    this.#dataEndsStream = endsStream;
    if (this.#dataStream === null) return;
    const { input } = this.#dataStream;
    input.isEnding = endsStream;
    input.receivePadding(length - count);
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
      this.#assertOpened(id, "DATA");
      this.#late(id, "DATA", endsStream);
      return null;
    }
    stream.input.window -= length;
    // An empty frame may come although our SETTINGS have made the window negative (RFC 9113 §6.9.1).
    if (length > 0 && stream.input.window < 0) {
      this.context.resets.count();
      stream.reset(
        ERROR.flowControlError,
        peerGone("the client has sent more than the stream's window allows"),
      );
      return null;
    }
    if (!stream.input.expect(count, endsStream)) {
      this.#malformed(stream, "the body has not its content-length");
      return null;
    }
    return stream;
  }

  rstStream(id: number): void {
    this.#assertOpened(id, "RST_STREAM");
    const stream = this.#streams.get(id);
    if (stream === undefined) return this.context.requestStopped(id);
    this.context.resets.count();
    stream.lost(peerGone("the client has reset the stream"));
  }

  settings(bytes: Uint8Array, start: number, end: number): void {
    const { initialWindow } = this.#peer;
    this.#peer.read(bytes, start, end);
    const change = this.#peer.initialWindow - initialWindow;
    if (change !== 0) {
      for (const stream of this.all) {
        if (!stream.output.widen(change)) {
          throw new Http2ConnectionError(
            ERROR.flowControlError,
            "INITIAL_WINDOW_SIZE makes a window too large",
          );
        }
        this.#windowWidened(stream);
      }
    }
    writeSettingsAck(this.context.acquire());
  }

  windowUpdate(id: number, increment: number): void {
    if (increment === 0) throw new Http2ConnectionError(ERROR.protocolError, "WINDOW_UPDATE of 0");
    if (id === 0) {
      const wasClosed = this.context.scheduler.sendWindow <= 0;
      if (!this.context.scheduler.widen(increment)) {
        throw new Http2ConnectionError(ERROR.flowControlError, "WINDOW_UPDATE makes the window too large");
      }
      if (wasClosed) { for (const stream of this.all) this.#windowWidened(stream); }
      return;
    }
    this.#assertOpened(id, "WINDOW_UPDATE");
    const stream = this.#streams.get(id);
    if (stream === undefined) return;
    if (stream.output.widen(increment)) return this.#windowWidened(stream);
    this.context.resets.count();
    stream.reset(ERROR.flowControlError, peerGone("the client has made the stream's window too large"));
  }

  #windowWidened(stream: Http2Stream): void {
    if (stream.output.isReady) this.context.scheduler.enqueue(stream);
    stream.outputAdvanced();
  }

  priorityUpdate(id: number, field: string): void {
    if (id % 2 === 0) {
      throw new Http2ConnectionError(ERROR.protocolError, "PRIORITY_UPDATE of no request's stream");
    }
    if (id > this.last) {
      const { maxConcurrentStreams } = this.#connection.engine.settings.http2!;
      this.#priorities ??= new EarlyPriorities(maxConcurrentStreams);
      return this.#priorities.set(id, priorityOf(field), this.last);
    }
    const stream = this.#streams.get(id);
    if (stream === undefined) return;
    const { isQueued } = stream;
    this.context.scheduler.remove(stream);
    stream.priority = priorityOf(field);
    if (isQueued) this.context.scheduler.enqueue(stream);
  }

  // Streams.

  streamOver(stream: Http2Stream): void {
    const { idleTimeout } = stream;
    if (!this.#streams.delete(stream.id)) return; // a callback of its end has ended it already
    this.context.scheduler.remove(stream);
    // What is left of its frame must not go to the request that the stream is used for next.
    if (stream === this.#dataStream) this.#dataStream = null;
    if (stream.isReusable) releaseStream(stream);
    if (this.#streams.size > 0) return;
    this.#connection.policy.idleFor(idleTimeout ?? this.#connection.engine.settings.idleTimeout);
    this.#goingAway.streamsOver();
    this.#connection.resumeProcessing(); // it may be idle now
  }

  handlerEnded(): void {
    this.#running--;
  }

  streamFree(stream: Http2Stream): void {
    releaseStream(stream);
  }

  closeRequested(): void {
    this.#goingAway.announce("response_close", 0);
  }

  /** As in HTTP/1.1: a client that half-closes may be gone for good. Its responses are sent all the same. */
  abortSignals(): void {
    for (const { exchange } of this.all) {
      if (exchange.isUnderWay && exchange.response.phase !== "complete") {
        exchange.abortSignal(halfClosedInResponse());
      }
    }
  }

  /** The client sends no more. */
  abandonBodies(): void {
    const error = halfClosedInBody();
    for (const stream of this.all) stream.inputLost(error);
  }

  /** They are all lost with the connection. */
  connectionLost(error: unknown): void {
    for (const stream of this.all) stream.lost(error);
  }
}

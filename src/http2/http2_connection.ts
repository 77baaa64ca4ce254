/**
 * HTTP/2 on one connection (RFC 9113): the life of the connection. Frames are read by `FrameReader`, what they do to
 * streams is in `StreamTable`, and how the connection ends without losing a request in `GoingAway`.
 */
import { ProtocolError } from "../api/errors.ts";
import type { CloseReason } from "../api/transport.ts";
import { peerGone } from "../core/client_errors.ts";
import type { Engine } from "../core/engine.ts";
import type { ConnectionLoss, ProtocolConnection } from "../core/protocol.ts";
import type { ProtocolHost } from "../core/protocol_host.ts";
import type { ReadWait } from "../core/read_wait.ts";
import type { ByteWriter } from "../wire/byte_writer.ts";
import { FLAG, writePing, writeSettings } from "./frame.ts";
import { type ConnectionFrames, FrameReader } from "./frame_reader.ts";
import { GoingAway, type GoingAwayOwner } from "./going_away.ts";
import { HpackError } from "./hpack_decoder.ts";
import { ERROR, type ErrorCode, Http2ConnectionError } from "./http2_error.ts";
import { Liveness, type LivenessOwner } from "./liveness.ts";
import { ownSettings } from "./settings.ts";
import type { Http2Stream } from "./stream.ts";
import type { StreamContext } from "./stream_context.ts";
import { StreamTable } from "./stream_table.ts";

/** What our PINGs hold, those of `GoingAway` aside. */
const PING_DATA = new TextEncoder().encode("are you?");

/** The HTTP/2 side of a connection. */
export class Http2Connection
  implements ConnectionFrames, ConnectionLoss, GoingAwayOwner, LivenessOwner, ProtocolConnection {
  readonly #engine: Engine;
  readonly #context: StreamContext<Http2Stream>;
  readonly #connection: ProtocolHost;
  readonly #frames: FrameReader;
  readonly #goingAway: GoingAway;
  readonly #liveness: Liveness;
  readonly #streams: StreamTable;
  /** Whether nothing is read any more. */
  #isDone = false;
  /** Why it was broken off. */
  #error: ProtocolError | null = null;

  /** The protocol of `connection`, whose client has sent the preface; sends our own. */
  constructor(connection: ProtocolHost, dateField: () => Uint8Array) {
    const { engine } = connection;
    const { settings } = engine;
    this.#engine = engine;
    this.#connection = connection;
    this.#goingAway = new GoingAway(this, engine);
    this.#liveness = new Liveness(this, engine);
    this.#streams = new StreamTable(connection, this.#goingAway, dateField);
    this.#context = this.#streams.context;
    this.#frames = new FrameReader(this.#streams, this, settings.maxHeaderBytes);
    writeSettings(this.acquire(), ownSettings(settings));
    const { opening } = this.#context.windows;
    if (opening > 0) this.#context.giveWindow(0, opening);
  }

  // The read loop.

  receive(bytes: Uint8Array, start: number, end: number): number {
    let at = start;
    if (start < end) this.#liveness.heard();
    try {
      this.#context.scheduler.send();
      while (!this.#isDone && !this.#connection.turnIsOver) {
        const next = this.#frames.read(bytes, at, end);
        if (next === at) break;
        at = next;
      }
      this.#context.scheduler.send();
    } catch (error) {
      this.#breakOff(asConnectionError(error));
    }
    // Half a frame at the end of the input stays one.
    const isOver = this.#isDone || (this.#connection.inputEnded && this.#frames.isPartial);
    return isOver ? end : at;
  }

  acceptsAnswers(): boolean {
    return this.#connection.out.acceptsFrame();
  }

  frameRead(): void {
    this.#connection.spendTurn();
  }

  settingsAcknowledged(): void {
    this.#streams.settingsAcknowledged();
    this.#liveness.settingsAcknowledged();
  }

  ping(isAnswer: boolean, data: Uint8Array): void {
    if (isAnswer) this.#goingAway.pingAnswered(data);
    else writePing(this.acquire(), FLAG.ack, data);
  }

  // What the connection asks, and tells.

  get wait(): ReadWait {
    // What is missing of a block at the end of the input does not come any more.
    if (this.#frames.readsBlock && !this.#connection.inputEnded) return "head";
    return this.#streams.size > 0 ? "none" : "idle";
  }

  get readsHead(): boolean {
    return this.#streams.size === 0;
  }

  /** A frame. */
  get needsRest(): boolean {
    return this.#frames.isPartial;
  }

  get awaitsHandler(): boolean {
    return this.#streams.size > 0;
  }

  get exchanges(): number {
    return this.#streams.size;
  }

  get isStreaming(): boolean {
    for (const { exchange } of this.#streams.all) {
      if (exchange.response.phase === "streaming") return true;
    }
    return false;
  }

  get closeTruncates(): boolean {
    return false;
  }

  /** The answer to a PING ends it. */
  get pendingCloseReason(): CloseReason | null {
    return this.#goingAway.announcedReason;
  }

  becomeIdle(): void {}

  retire(idleGrace: number): void {
    if (this.#isDone || (idleGrace === 0 && !this.hasStreams)) return; // it is over, or ends at once
    this.#goingAway.announce("shutdown", idleGrace);
  }

  closeIdle(reason: CloseReason): void {
    // A request may be on its way, which the client need not lose. Where it was told already, it has had its time.
    if (!this.#goingAway.announce(reason, 0)) this.#connection.lingeringClose(reason);
  }

  peerHalfClosed(): void {
    this.#streams.abortSignals();
    this.#connection.resumeProcessing();
  }

  abandonIncomplete(): void {
    this.#streams.abandonBodies();
    this.#goingAway.clientGone();
  }

  get bodyReceived(): number {
    return this.#streams.bodyReceived;
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
    this.#error = error; // lingering closes at once where the client has half-closed
    this.#goingAway.end(code, message);
    this.#connection.refusalWritten();
    this.#connection.lingeringClose(reason);
    // Last, since both may do anything with the connection.
    this.#streams.connectionLost(error);
    this.#engine.observer.requestRefused(error, this.#connection);
  }

  writeRefusal(error: ProtocolError): void {
    this.#goingAway.end(ERROR.enhanceYourCalm, error.message);
    this.#connection.refusalWritten();
  }

  finish(): void {
    this.#goingAway.end(ERROR.noError, "");
    this.#stop();
  }

  /** Nothing is read or sent any more. */
  #stop(): void {
    this.#isDone = true;
    this.#context.close();
    this.#goingAway.stop();
    this.#liveness.stop();
  }

  close(): ConnectionLoss | null {
    this.#stop();
    return this.#streams.size > 0 ? this : null;
  }

  connectionLost(error: unknown): void {
    this.#streams.connectionLost(error ?? this.#error);
  }

  // Whether the client is there.

  acquire(): ByteWriter {
    return this.#context.acquire();
  }

  get isBackpressured(): boolean {
    return this.#connection.out.isBackpressured;
  }

  sendPing(): void {
    writePing(this.acquire(), FLAG.none, PING_DATA);
  }

  settingsTimedOut(): void {
    const message = "the client has not acknowledged our SETTINGS";
    this.#end(ERROR.settingsTimeout, message, "protocol_error", new ProtocolError("bad_frame", 408, message));
  }

  pingTimedOut(): void {
    const message = "the client has not answered a PING";
    this.#connection.closeNow("client_gone", peerGone(message));
  }

  // What its end needs.

  get lastStream(): number {
    return this.#streams.last;
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

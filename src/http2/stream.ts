/**
 * One stream and its exchange (RFC 9113 §5, §8.1). The exchange is over when its response is complete and its body was
 * read, or is not wanted; the stream is closed when both sides have ended it, or either has reset it. It is used again once
 * both are so, and nothing refers to it.
 */
import { ConnectionError, ProtocolError } from "../api/errors.ts";
import type { Upgraded } from "../api/exchange.ts";
import type { Timeouts } from "../api/timeouts.ts";
import { requestTimedOut } from "../core/client_errors.ts";
import { handled } from "../core/deferred.ts";
import type { RequestHandler } from "../core/exchange.ts";
import { Http2Exchange } from "./http2_exchange.ts";
import { ERROR, type ErrorCode } from "./http2_error.ts";
import type { ScheduledStream } from "./output_scheduler.ts";
import { type Priority, priorityOf } from "./priority.ts";
import type { Http2Request, RequestLines } from "./request.ts";
import type { ResponsePort } from "./response.ts";
import { type InputOwner, StreamInput } from "./stream_input.ts";
import { type OutputOwner, StreamOutput } from "./stream_output.ts";
import type { StreamContext } from "./stream_context.ts";
import { StreamPort } from "./stream_port.ts";
import { nextState, type StreamState } from "./stream_state.ts";
import { StreamTunnel, type TunnelledStream } from "./stream_tunnel.ts";
import { StreamTimers, type StreamTimersOwner } from "./stream_timers.ts";

/** A stream at work, reusable. */
export class Http2Stream
  implements InputOwner, OutputOwner, ResponsePort, ScheduledStream, StreamTimersOwner, TunnelledStream {
  id = 0;
  /** Among those that wait for the connection. */
  isQueued = false;
  /** How long the connection may idle after it, where its handler has said so, in milliseconds. */
  idleTimeout: number | undefined = undefined;
  readonly exchange: Http2Exchange = new Http2Exchange();
  readonly output: StreamOutput = new StreamOutput(this);
  readonly input: StreamInput = new StreamInput(this);
  /** The exchange's side of it. */
  readonly #port: StreamPort = new StreamPort(this);
  #context!: StreamContext<Http2Stream>;
  #state: StreamState = "closed";
  /** Whether the handler has no part in the stream any more. */
  #isExchangeOver = true;
  /** Whether its handler counts as running, and whether it is being called: it may answer before it returns. */
  #isRunning = false;
  #isCalled = false;
  #timers: StreamTimers | null = null;
  #priority: Priority | null = null;
  /** What it was handed over to. */
  #tunnel: StreamTunnel | null = null;

  /** Begins: `request` was read. The client's window is `sendWindow`, and ours `window`. */
  begin(
    context: StreamContext<Http2Stream>,
    id: number,
    request: Http2Request,
    sendWindow: number,
    window: number,
  ): void {
    const { exchange } = this;
    const { http2, maxBodyBytes } = context.engine.settings;
    this.id = id;
    this.#context = context;
    this.#state = request.endsStream ? "half-closed (remote)" : "open";
    this.#isExchangeOver = false;
    this.#isRunning = true;
    this.#priority = null;
    this.idleTimeout = undefined;
    this.#tunnel = null;
    this.output.begin(context.scheduler, sendWindow);
    this.input.begin(exchange.body, window, http2!.maxWindowSize, request.contentLength, request.endsStream);
    exchange.head = request;
    exchange.begin(this.#port);
    exchange.response.begin(this);
    const { hasBody, contentLength } = request;
    exchange.body.begin(hasBody ? contentLength : 0, null, maxBodyBytes, null, hasBody);
  }

  /** Calls the handler. */
  run(handler: RequestHandler): void {
    this.#isCalled = true;
    this.exchange.run(handler);
    this.#isCalled = false;
    if (this.#isExchangeOver) this.#handlerMayHaveEnded();
  }

  get state(): StreamState {
    return this.#state;
  }

  /** Whether it may be used for another request: not where it was lost, since `exchange` may be read for ever then. */
  get isReusable(): boolean {
    const { exchange } = this;
    if (!this.#isOver || this.#isRunning || this.#tunnel !== null) return false;
    return !exchange.isUnderWay && !exchange.isReferenced;
  }

  get #isOver(): boolean {
    return this.#state === "closed" && this.#isExchangeOver;
  }

  /** It waits for its next request: holds nothing of the connection of the last one. */
  release(): void {
    this.#context = undefined!;
    this.output.release();
  }

  // What the client sends.

  /** A part of the body. */
  receiveData(bytes: Uint8Array, start: number, end: number): void {
    this.exchange.body.arrived = true;
    try {
      this.input.receive(bytes, start, end);
    } catch (error) {
      return this.#feedFailed(error);
    }
    this.#advance();
  }

  /** The client has ended its side; answers `false` where content-length tells of more. */
  receiveEnd(trailers: RequestLines | null): boolean {
    if (trailers !== null && !this.input.expect(0, true)) return false;
    this.#state = nextState(this.#state, "remote end");
    this.input.end(trailers);
    this.#advance();
    return true;
  }

  /** The client sends no more, and has not ended the stream. */
  inputLost(error: unknown): void {
    if (this.input.hasEnded) return;
    if (this.#tunnel !== null) return this.reset(ERROR.cancel, error);
    this.exchange.bodyLost(error);
    this.#advance();
  }

  /** Handing octets to the reader of the body has thrown: a body that is too large ends the request. */
  #feedFailed(error: unknown): void {
    if (!(error instanceof ProtocolError)) throw error;
    this.refuse(error);
  }

  /** The client has reset the stream, or the connection is gone. */
  lost(error: unknown): void {
    if (this.#isOver) return;
    this.#abandon(error);
    this.#state = nextState(this.#state, "reset");
    this.settle();
  }

  /** Ends it with RST_STREAM, unless both sides have ended it; what is under way fails with `error`. */
  reset(code: ErrorCode, error: unknown): void {
    if (this.#state !== "closed") this.#context.sendReset(this.id, code);
    this.lost(error);
  }

  /** Refuses the request: with a response, unless that has begun. One that is complete is sent all the same. */
  refuse(error: ProtocolError): void {
    switch (this.exchange.response.phase) {
      case "unanswered": {
        const context = this.#context; // the stream may be another request's afterwards
        context.sendRefusal(this.id, this.method, error, this.output.window);
        this.#stopRequest(error);
        return context.requestRefused(error);
      }
      case "streaming":
        return this.reset(ERROR.cancel, error);
      case "complete":
        this.exchange.bodyLost(error);
        return this.#advance();
      case "aborted": // it is refused already
    }
  }

  /** The response was sent: closes the stream, whatever the client is about to send; a read of that fails with `error`. */
  #stopRequest(error: unknown): void {
    if (!this.input.hasEnded) this.#context.stopRequest(this.id);
    this.lost(error);
  }

  // Its life.

  /** The state has changed where the exchange is over. Nothing may follow it: the stream may be another request's then. */
  settle(): void {
    if (!this.#isExchangeOver) return;
    if (this.#state === "half-closed (local)") return this.#leaveRequest();
    if (this.#state !== "closed") return;
    this.#timers?.stop();
    this.#tunnel?.streamClosed();
    this.#context.owner.streamOver(this);
  }

  /** Something of the exchange, of its body or of the state has changed. Nothing may follow it, as with `settle`. */
  #advance(): void {
    if (this.#isExchangeOver) return this.settle();
    const { body, response } = this.exchange;
    if (response.phase === "complete") {
      this.#storeForCopies();
      if (!this.#readsOn) return this.#exchangeOver();
    }
    if (body.complete) this.#timers?.bodyOver();
    else if (body.state === "flowing") this.#timersNow.body(true);
    else if (this.#timers !== null) this.#timersNow.body(false);
  }

  /** As in HTTP/1.1: a read that is under way is served, and so are copies; the rest is not worth reading. */
  get #readsOn(): boolean {
    const { state } = this.exchange.body;
    return state === "flowing" || state === "storing";
  }

  /** A body of which there are copies gets what is here, and, for some time, what comes. */
  #storeForCopies(): void {
    const { body } = this.exchange;
    if (!body.outlivesResponse || body.complete || body.wanted) return;
    body.drain(this.#context.engine.settings.drainBytes);
    this.#timersNow.drain();
    try {
      this.input.resume();
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error;
      this.exchange.bodyLost(error);
    }
  }

  #exchangeOver(): void {
    this.#isExchangeOver = true;
    this.#timers?.bodyOver();
    if (this.#tunnel === null) this.input.drop();
    this.exchange.finish();
    this.#handlerMayHaveEnded();
    this.settle();
  }

  /** The stream is gone: the exchange, if it is not over, gets to know. */
  #abandon(error: unknown): void {
    this.output.drop(error);
    this.input.drop();
    this.#tunnel?.streams.fail(error);
    if (this.#isExchangeOver) return;
    this.#isExchangeOver = true;
    this.exchange.connectionLost(error);
    this.#handlerMayHaveEnded();
  }

  /**
   * The response was sent, and the rest of the request is of no use: it is dropped, where it is on its way already, and
   * otherwise the client is told that it may stop (RFC 9113 §8.1).
   */
  #leaveRequest(): void {
    if (this.#tunnel !== null && !this.#tunnel.isOver) return;
    this.input.drop();
    const { engine, inputEnded } = this.#context;
    if (!inputEnded && this.input.mayEndWithin(engine.settings.drainBytes)) this.#timersNow.drain();
    else this.#stopRequest(null);
  }

  #handlerMayHaveEnded(): void {
    if (!this.#isRunning || this.#isCalled || this.exchange.handlerRuns) return;
    this.#isRunning = false;
    this.#context.owner.handlerEnded();
  }

  handlerSettled(): void {
    if (!this.#isExchangeOver) return;
    this.#handlerMayHaveEnded();
    if (this.isReusable) this.#context.owner.streamFree(this);
  }

  // What the exchange calls.

  ready(): Promise<void> {
    if (this.output.isWelcome) return this.#context.ready();
    if (this.#state === "closed") {
      return handled(Promise.reject(new ConnectionError("closed", "the stream is closed")));
    }
    const context = this.#context;
    const welcome = this.output.welcome();
    this.#watchWindow();
    return handled(welcome.then(() => context.ready()));
  }

  bodyWanted(): void {
    const { body, head, response } = this.exchange;
    if (head.expectsContinue && body.state === "flowing" && !body.arrived) response.continue();
    if (this.#isExchangeOver) return;
    try {
      this.input.resume();
    } catch (error) {
      return this.#feedFailed(error);
    }
    this.#advance();
  }

  setTimeouts(timeouts: Timeouts): void {
    this.#timersNow.override(timeouts, this.exchange.body.state === "flowing");
    this.idleTimeout = timeouts.idleTimeout ?? this.idleTimeout;
  }

  openTunnel(): Upgraded {
    this.#tunnel = new StreamTunnel(this, this.#port);
    this.input.moveTo(this.#tunnel);
    this.#advance();
    return this.#tunnel.streams;
  }

  responseBroken(): void {
    this.reset(ERROR.internalError, new ConnectionError("closed", "the response was cut off"));
  }

  // What the response calls.

  get method(): string {
    return this.exchange.head.method;
  }

  get protocol(): string | null {
    return this.exchange.head.protocol;
  }

  get context(): StreamContext<Http2Stream> {
    return this.#context;
  }

  headWritten(closes: boolean): void {
    if (closes) this.#context.owner.closeRequested();
  }

  responseComplete(): void {
    this.#advance();
  }

  // What its output calls.

  outputBlocked(): void {
    this.#context.scheduler.enqueue(this);
    this.#watchWindow();
  }

  outputEnded(): void {
    this.#timers?.windowOpen();
    this.#state = nextState(this.#state, "local end");
    this.settle();
  }

  /** Its window, or that of the connection, has changed, or some of what waits was sent. */
  outputAdvanced(): void {
    this.output.advanced();
    this.#watchWindow();
  }

  /** `writeTimeout` counts while output, or its source, waits for a window, anew with each octet that was sent. */
  #watchWindow(): void {
    const { output } = this;
    const { scheduler } = this.#context;
    if (!output.isAwaited) this.#timers?.windowOpen();
    else if (output.window <= 0) this.#timersNow.window(true, output.bytesAppended);
    else if (scheduler.sendWindow <= 0) this.#timersNow.window(false, scheduler.octetsSent);
  }

  get isBlocked(): boolean {
    return this.output.window <= 0 || this.#context.scheduler.sendWindow <= 0;
  }

  /** `drainBody.timeout` has passed: copies of the body fail, and where our side has ended the stream it is reset. */
  restTimedOut(): void {
    if (this.#state === "half-closed (local)") return this.reset(ERROR.noError, requestTimedOut());
    this.exchange.body.fail(requestTimedOut());
    this.#advance();
  }

  /** By the request's field, or by a PRIORITY_UPDATE. */
  get priority(): Priority {
    return this.#priority ??= priorityOf(this.exchange.head.fields.get("priority"));
  }

  set priority(priority: Priority) {
    this.#priority = priority;
  }

  // Its deadlines.

  get #timersNow(): StreamTimers {
    this.#context.beginEvent();
    const { engine } = this.#context;
    // A stream that was used before may be of another server now.
    if (this.#timers === null || this.#timers.engine !== engine) {
      this.#timers = new StreamTimers(this, engine);
    }
    return this.#timers;
  }

  get isWithheld(): boolean {
    return this.#context.windows.isWithheld;
  }

  get bodyReceived(): number {
    return this.exchange.body.received;
  }
}

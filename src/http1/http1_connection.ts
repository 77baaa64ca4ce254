/**
 * HTTP/1.1 on one connection: reads requests one after another, lets the handler respond to each in its turn, and
 * decides after each whether the connection goes on (RFC 9112 §9).
 *
 * | state            | reads                        | until                                                           |
 * |------------------|------------------------------|-----------------------------------------------------------------|
 * | `head`           | a request head               | it is complete: `body`, or `await-response` where there is none |
 * | `body`           | the body, as it is wanted    | it is complete: `await-response`; or not worth reading: done    |
 * | `await-response` | nothing                      | the response is complete: `head`, or `done`                     |
 * | `done`           | nothing                      | the connection closes, or is a tunnel's                         |
 */
import type { CloseReason, Connection } from "../api/transport.ts";
import { ConnectionError, ProtocolError } from "../api/errors.ts";
import type { Upgraded } from "../api/exchange.ts";
import type { Timeouts } from "../api/timeouts.ts";
import { bodyTooLarge, halfClosedInBody, halfClosedInResponse } from "../core/client_errors.ts";
import type { ConnectionWriter } from "../core/connection_writer.ts";
import type { Engine } from "../core/engine.ts";
import type {
  ConnectionLoss,
  ExchangePort,
  ForwardedRequest,
  ProtocolConnection,
  RequestFields,
} from "../core/protocol.ts";
import type { ProtocolHost } from "../core/protocol_host.ts";
import type { ReadWait } from "../core/read_wait.ts";
import type { RequestBody } from "../core/request_body.ts";
import { RequestTrace } from "../core/request_trace.ts";
import type { ByteWriter } from "../wire/byte_writer.ts";
import { NEED_MORE } from "../wire/bytes.ts";
import { ChunkedDecoder } from "./chunked_decoder.ts";
import { CONTINUE, writeError } from "./engine_responses.ts";
import { CHUNKED } from "./framing.ts";
import { acquireExchange, type Http1Exchange, releaseExchange } from "./exchange_pool.ts";
import type { PersistenceFields } from "./persistence_fields.ts";
import type { RequestHead } from "./request_head.ts";
import type { ResponsePort } from "./response_port.ts";

/** What is read next: see the table above. */
type State = "head" | "body" | "await-response" | "done";

/** The HTTP/1.1 side of a connection. */
export class Http1Connection implements ProtocolConnection, ExchangePort, ResponsePort {
  readonly out: ConnectionWriter;
  readonly #connection: ProtocolHost;
  readonly #engine: Engine;
  readonly #persistenceFields: PersistenceFields;
  /** `date: …` CRLF, now. */
  readonly dateLine: () => Uint8Array;
  #state: State = "head";
  /** The exchange under way, or the one that the next request will use. */
  #exchange: Http1Exchange | null = null;
  /** Whether the end of the last response's body is the end of the connection. */
  #lastEndsWithConnection = false;

  /** The protocol of `connection`; the rest is shared by all connections of a server. */
  constructor(connection: ProtocolHost, persistenceFields: PersistenceFields, dateLine: () => Uint8Array) {
    this.#connection = connection;
    this.#engine = connection.engine;
    this.#persistenceFields = persistenceFields;
    this.dateLine = dateLine;
    this.out = connection.out;
  }

  // The read loop.

  receive(bytes: Uint8Array, start: number, end: number): number {
    const connection = this.#connection;
    let at = start;
    try {
      for (;;) {
        switch (this.#state) {
          case "head": {
            if (at === end || connection.turnIsOver || !this.out.acceptsResponse()) return at;
            const x = this.#exchange ??= acquireExchange();
            const length = x.head.parse(bytes, at, end, this.#engine.settings);
            if (length === NEED_MORE) return at;
            at += length;
            this.#begin(x, at < end);
            if (at < end) connection.spendTurn();
            break;
          }
          case "body": {
            const x = this.#exchange!;
            if (at < end) x.body.arrived = true;
            if (x.response.phase === "complete" && !this.#readsOn(x.body)) {
              this.#exchangeComplete(x);
              break;
            }
            if (connection.turnIsOver) return at;
            at = x.body.feed(bytes, at, end);
            if (at < end) connection.spendTurn();
            if (x.body.complete) {
              // Its reader may have closed the connection.
              if (this.#state === "body") this.#state = "await-response";
            } else if (x.body.wanted ? at === end : x.response.phase !== "complete") return at;
            break;
          }
          case "await-response": {
            const x = this.#exchange!;
            if (x.response.phase !== "complete") return at;
            this.#exchangeComplete(x);
            break;
          }
          case "done":
            return at;
        }
      }
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error;
      this.refuse(error, "protocol_error");
      return end;
    }
  }

  /** A head was read: runs the handler. `moreReceived`: bytes behind the head are at hand. */
  #begin(x: Http1Exchange, moreReceived: boolean): void {
    const connection = this.#connection;
    const { handler, settings, observer } = this.#engine;
    const { framing } = x.head;
    if (framing > settings.maxBodyBytes && settings.maxBodyBytes > 0) {
      throw bodyTooLarge(settings.maxBodyBytes);
    }
    connection.timeouts.reset();
    connection.policy.begin();
    connection.timers.headComplete();
    this.#state = framing === 0 ? "await-response" : "body";
    x.begin(this);
    x.response.begin(this);
    const decoder = framing === CHUNKED
      ? new ChunkedDecoder(settings.maxHeaderBytes, settings.maxHeaders)
      : null;
    const length = decoder === null ? framing : undefined;
    x.body.begin(length, decoder, settings.maxBodyBytes, connection.received);
    x.body.arrived = moreReceived;
    observer.requestBegan(connection.policy.requests);
    connection.life.beginRequest();
    // `onStateChange` may have closed the connection.
    if (x.response.phase === "aborted") return;
    x.run(handler);
    if (connection.inputEnded) this.peerHalfClosed();
    const isOver = x.response.phase === "complete" && x.body.complete;
    // What happens after this call must not read memory that belongs to the transport again.
    if (!isOver && this.#exchange === x) x.head.retain();
  }

  /**
   * Whether the body is read on although the response is complete. As in Go, it was the handler's until then: only a
   * pending read is served, and copies are. The rest is discarded within the budget of `drainBody`.
   */
  #readsOn(body: RequestBody): boolean {
    if (body.state === "flowing") return true;
    if (this.#connection.policy.closeReason !== null && !body.outlivesResponse) return false;
    body.drain(this.#engine.settings.drainBytes);
    return true;
  }

  /** Response and body are complete, or as complete as they get: on to the next request, or to the end. */
  #exchangeComplete(x: Http1Exchange): void {
    const connection = this.#connection;
    const { closeReason } = connection.policy;
    this.#lastEndsWithConnection = x.response.endsWithConnection;
    x.finish();
    if (x.isReferenced) this.#exchange = null;
    if (connection.switchToTunnel()) {
      this.#state = "done";
      this.#releaseExchange();
    } else if (closeReason === null) this.#state = "head";
    else connection.lingeringClose(closeReason);
  }

  // What the connection asks, and tells.

  get wait(): ReadWait {
    switch (this.#state) {
      case "head":
        return this.#exchange?.head.begun ? "head" : "idle";
      case "body":
        if (this.#drains) return "drain";
        // It is the client's turn where the handler reads; otherwise it may take its time.
        return this.#exchange!.body.state === "flowing" ? "body" : "reader";
      default:
        return "none";
    }
  }

  get readsHead(): boolean {
    return this.#state === "head";
  }

  get awaitsHandler(): boolean {
    return this.#state === "await-response" || this.#state === "body";
  }

  get exchanges(): number {
    return this.#exchange !== null && this.#exchange.isUnderWay ? 1 : 0;
  }

  get isStreaming(): boolean {
    return this.exchanges > 0 && this.#exchange!.response.phase === "streaming";
  }

  get bodyReceived(): number {
    return this.#exchange?.body.received ?? 0;
  }

  get closeTruncates(): boolean {
    const x = this.#exchange;
    const { isBackpressured } = this.out;
    if (x === null || !x.isUnderWay) return this.#lastEndsWithConnection && isBackpressured;
    return x.response.endsWithConnection && (x.response.phase === "streaming" || isBackpressured);
  }

  /** Whether only the rest of a body is read whose response is complete, to get to the next head. */
  get #drains(): boolean {
    const { body, response } = this.#exchange!;
    return body.drains && response.phase === "complete";
  }

  becomeIdle(): void {
    this.#releaseExchange();
  }

  /** The next response tells the client. */
  retire(): void {}

  /** The client was told how long it may idle (`Keep-Alive`). */
  closeIdle(reason: CloseReason): void {
    this.#connection.lingeringClose(reason);
  }

  /** As in Go: a client that half-closes may be gone for good, so `signal` aborts. The response is sent all the same. */
  peerHalfClosed(): void {
    const x = this.#exchange;
    if (x === null || !x.isUnderWay || x.response.phase === "complete") return;
    x.abortSignal(halfClosedInResponse());
  }

  abandonIncomplete(): void {
    if (this.#state !== "body") return;
    this.#exchange!.bodyLost(halfClosedInBody());
    this.#connection.policy.closeReason = "client_gone";
    this.#state = "await-response";
    this.#connection.resumeProcessing();
  }

  // The end.

  refuse(error: ProtocolError, reason: CloseReason): void {
    const x = this.#exchange!;
    const { phase } = x.response;
    const { isUnderWay } = x;
    if (isUnderWay && phase === "streaming") return this.#connection.closeNow(reason, error);
    const isAnswered = isUnderWay && phase === "complete";
    if (isAnswered && this.#drains) reason = "unread_body";
    const trace = isUnderWay ? null : this.#traceOf(x, error);
    trace?.start(() => {});
    if (!isAnswered) this.writeRefusal(error);
    trace?.end(error.status, 0, error);
    if (isUnderWay) {
      if (!isAnswered) x.response.abort();
      this.#exchange = null;
    }
    this.#connection.lingeringClose(reason);
    // Last, since both may do anything with the connection.
    if (isUnderWay) x.connectionLost(error);
    if (!isAnswered) this.#engine.observer.requestRefused(error, this.#connection);
  }

  /** The trace of a request that is refused before it has begun, if it is traced. */
  #traceOf({ head }: Http1Exchange, { code }: ProtocolError): RequestTrace | null {
    const { tracer, clock } = this.#engine;
    if (tracer === null || !tracer.isObserved) return null;
    // Of others there is no complete head.
    return new RequestTrace(tracer, clock, this, code === "body_too_large" ? head : null);
  }

  writeRefusal(error: ProtocolError): void {
    writeError(this.out.acquire(), error.status, error.message, this.dateLine());
    this.#connection.refusalWritten();
  }

  finish(): void {
    this.#state = "done";
    // Its response is complete; what is left of it is a body that nothing reads.
    if (this.#exchange?.isUnderWay) this.#exchange.finish();
    this.#releaseExchange();
  }

  close(bytes: Uint8Array, start: number, end: number): ConnectionLoss | null {
    const x = this.#exchange;
    this.#state = "done";
    this.#releaseExchange();
    if (x === null || !x.isUnderWay) return null;
    // Not from inside of a handler: how much of the input is consumed is not known before it returns.
    if (!this.#connection.isProcessing) x.body.storeRest(bytes, start, end);
    return x;
  }

  /** Gives the exchange back to the pool, if there is one and nothing refers to it. */
  #releaseExchange(): void {
    const x = this.#exchange;
    this.#exchange = null;
    if (x !== null && !x.isUnderWay && !x.isReferenced) releaseExchange(x);
  }

  // What an exchange needs.

  get lasting(): this {
    return this;
  }

  get connection(): Connection {
    return this.#connection.facade;
  }

  get bytesAppended(): number {
    return this.out.bytesAppended;
  }

  get isSecure(): boolean {
    return this.#connection.isSecure;
  }

  afterFlush(callback: () => void): void {
    this.#engine.flushes.afterFlush(callback);
  }

  forwarded(fields: RequestFields): ForwardedRequest | null {
    return this.#engine.trustedProxies?.read(this.connection.remoteAddr, fields) ?? null;
  }

  get draining(): AbortSignal {
    return this.#connection.draining;
  }

  get head(): RequestHead {
    return this.#exchange!.head;
  }

  endHead(out: ByteWriter, isDated: boolean, mustClose: boolean, isWhole: boolean): void {
    const { policy } = this.#connection;
    const x = this.#exchange!;
    if (!this.#connection.isProcessing) this.#engine.beginEvent();
    policy.decide(x, mustClose, isWhole);
    const dateLine = isDated ? null : this.dateLine();
    const fields = this.#persistenceFields;
    if (policy.closeReason !== null) return fields.writeClose(out, dateLine);
    fields.write(out, dateLine, x.head.minor, policy.advertisedIdleTimeout, policy.requestsLeft);
  }

  responseComplete(): void {
    this.#connection.resumeProcessing();
  }

  responseBroken(): void {
    this.#connection.closeNow("handler_error", new ConnectionError("closed", "the response was cut off"));
  }

  openTunnel(): Upgraded {
    return this.#connection.openTunnel();
  }

  handlerFailed(error: unknown): void {
    this.#engine.observer.handlerFailed(error);
  }

  handlerSettled(x: unknown): void {
    const exchange = x as Http1Exchange;
    if (!exchange.isUnderWay && !exchange.isReferenced) releaseExchange(exchange);
  }

  setTimeouts(timeouts: Timeouts): void {
    this.#connection.setTimeouts(timeouts);
  }

  spendTurn(): boolean {
    return this.#connection.spendTurn();
  }

  ready(): Promise<void> {
    return this.out.ready();
  }

  /** Sends 100 if the client waits for it (RFC 9110 §10.1.1), and feeds what is here. */
  bodyWanted(): void {
    if (this.#exchange === null) return; // its request is being refused
    const { head, body, response } = this.#exchange;
    if (head.expectsContinue && body.state === "flowing" && !body.arrived) {
      head.expectsContinue = false;
      if (response.phase === "unanswered") this.out.acquire().copy(CONTINUE);
    }
    this.#connection.resumeProcessing();
  }
}

/**
 * One HTTP/1.1 connection on a transport: reads requests one after another, lets the handler answer each
 * in its turn, and ends well. Bytes come in by `receive`, go out by `transport.write`, and where the
 * handler answers before it returns nothing between the two waits for anything.
 */
import type {
  Addr,
  CloseReason,
  Connection,
  ConnectionState,
  HandedOver,
  Transport,
  TransportEvents,
} from "../conn.ts";
import { ConnectionError, type ConnectionErrorCode, ProtocolError } from "../errors.ts";
import type { Timeouts } from "../options.ts";
import { limitsWith } from "../settings.ts";
import type { ByteWriter } from "../protocol/byte_writer.ts";
import { type Endpoints, readProxyHeader } from "../protocol/proxy_header.ts";
import { NEED_MORE } from "../protocol/request_head.ts";
import type { Engine } from "./engine.ts";
import type { ExchangePort, HttpExchange } from "./exchange.ts";
import type { RequestBody } from "./request_body.ts";
import { acquireExchange, releaseExchange } from "./exchange_pool.ts";
import { Input } from "./input.ts";
import { KeepAlive } from "./keep_alive.ts";
import { Lifecycle } from "./lifecycle.ts";
import { type Late, Patience, type PatienceOwner, type Waiting } from "./patience.ts";
import { PeerWatch, type PeerWatchOwner } from "./peer_watch.ts";
import { SerializedTransport } from "./serialized_transport.ts";
import type { Sparable } from "./spare.ts";
import { writeError } from "./error_response.ts";
import { CONTINUE } from "./standard_fields.ts";
import { Tunnel, type TunnelPort } from "./tunnel.ts";
import { Turn, type TurnTaker } from "./turns.ts";
import { WriteSide, type WriteSideOwner } from "./write_side.ts";

/**
 * What the read side does with bytes that come:
 * - `proxy header`: reads the PROXY header that comes before the first head; few connections have one
 * - `head`: reads the next request head
 * - `body`: reads the body of the exchange under way, as fast as its reader takes it
 * - `held`: keeps them; the request is complete and its answer is not
 * - `tunnel`: hands them to whoever has the connection now
 * - `discard`: drops them; the connection has said its last
 */
type Reading = "proxy header" | "head" | "body" | "held" | "tunnel" | "discard";

/**
 * How many bytes of a chunked body are one unit of work: in chunks of a byte each they take as long as some hundred
 * requests.
 */
const CHUNKS_AT_ONCE = 1024;

/**
 * For how long, in milliseconds, a response that is sent piece by piece may pause where its client has half-closed. Few
 * clients read on after that; the source of an event stream would else be asked for events for ever.
 */
const QUIET_STREAM_TIMEOUT = 1_000;

let lastId = 0;

/** A connection at work. */
export class HttpConnection
  implements
    Connection,
    Sparable,
    TransportEvents,
    ExchangePort,
    PatienceOwner,
    PeerWatchOwner,
    TunnelPort,
    TurnTaker,
    WriteSideOwner {
  readonly id: number = ++lastId;
  /** When it was accepted, by the server's clock. */
  readonly acceptedAt: number;
  readonly out: WriteSide;
  readonly isSecure: boolean;
  readonly #engine: Engine;
  readonly #transport: SerializedTransport;
  readonly #life: Lifecycle;
  readonly #keepAlive: KeepAlive;
  readonly #input = new Input();
  readonly #patience: Patience;
  #reading: Reading = "head";
  /** The transport's own, or those of a PROXY header. */
  #endpoints: Endpoints;
  /** The exchange under way, or the one that the next request will use. */
  #exchange: HttpExchange | null = null;
  /** What it was handed over to, once it is. */
  #tunnel: Tunnel | null = null;
  /** How much it does at a time; made when it has more to do than one request. */
  #turn: Turn | null = null;
  /** Made when its client cannot be heard. */
  #peerWatch: PeerWatch | null = null;
  #draining: AbortController | null = null;
  /** Bytes are being worked off; whoever wants to go on need not start it again. */
  #working = false;
  #inputEnded = false;
  /** Whether the peer may still have to read something, once it has ended. */
  #hasAnswered = false;
  /** Whether the end of the connection is the end of its last response's body. */
  #endEndsBody = false;
  #paused = false;

  /** Makes a connection of a transport that nobody has started yet; `start` it. */
  constructor(engine: Engine, transport: Transport) {
    engine.beginEvent();
    this.#engine = engine;
    this.#transport = new SerializedTransport(transport, this);
    this.#endpoints = transport;
    this.isSecure = transport.isSecure === true;
    if (engine.proxyPeers?.has(transport.remoteAddr)) this.#reading = "proxy header";
    this.acceptedAt = engine.now;
    this.#life = new Lifecycle(this, engine);
    this.#keepAlive = new KeepAlive(engine);
    this.#patience = new Patience(this, this.#keepAlive, engine);
    this.out = new WriteSide(this, this.#keepAlive, engine, this.#transport);
    engine.connectionOpened();
  }

  /** Tells that it is there, and waits for its first request. */
  start(): void {
    this.#transport.start();
    this.#patience.await("first head");
    this.#life.begin();
  }

  // What users see.

  get state(): ConnectionState {
    return this.#life.state;
  }

  get requests(): number {
    return this.#keepAlive.requests;
  }

  get remoteAddr(): Addr | undefined {
    return this.#endpoints.remoteAddr;
  }

  /** Whether its TLS handshake is under way. */
  get isHandshaking(): boolean {
    return this.state !== "closed" && this.#transport.handshaking;
  }

  get draining(): AbortSignal {
    if (this.#draining === null) {
      this.#draining = new AbortController();
      if (this.#keepAlive.retiring) this.#abortDraining();
    }
    return this.#draining.signal;
  }

  #abortDraining(): void {
    this.#draining?.abort(new DOMException("the connection is about to end", "AbortError"));
  }

  get localAddr(): Addr | undefined {
    return this.#endpoints.localAddr;
  }

  get closed(): Promise<CloseReason> {
    return this.#life.closed;
  }

  /** When it became idle, if it is. */
  get idleSince(): number {
    return this.#life.idleSince;
  }

  /** How long it has left at `now` until it is closed for being idle, or `null` where it is not, or may be. */
  idleTimeLeft(now: number): number | null {
    return this.state === "idle" ? this.#patience.left(now) : null;
  }

  /**
   * Ends it with its next response, or when it was idle for `idleGrace` milliseconds: a client that knows
   * nothing of this may have sent a request already.
   */
  retire(idleGrace: number): void {
    this.#keepAlive.retire(idleGrace);
    this.#abortDraining();
    if (this.state !== "new" && this.state !== "idle") return;
    this.#engine.beginEvent();
    if (idleGrace === 0) this.#finish("shutdown_idle");
    else this.#patience.hurry(idleGrace);
  }

  shutdown(): void {
    this.retire(0);
  }

  close(): void {
    // One that only waits for the peer's end has finished, and is not cut off.
    const finished = this.state === "draining" && !this.out.stalled;
    const error = this.#errorForWaiters("closed", "the server closed the connection");
    this.#abortDraining();
    this.#abandon(finished ? this.#life.reason : "forced", error);
  }

  makeRoom(): void {
    const error = this.#errorForWaiters("closed", "the connection made room for others");
    this.#abandon(this.state === "draining" ? this.#life.reason : "evicted", error);
  }

  /** Instead of `start`: says that there is no room, or nothing where `silently`, and ends. */
  turnAway(silently: boolean): void {
    this.#transport.start();
    this.#life.begin();
    if (this.state === "closed") return;
    if (silently) return this.#abandon("rejected", null);
    const error = new ProtocolError("too_many_connections", 503, "there is no room for more connections");
    this.#writeRefusal(error);
    this.#finish("rejected");
    this.#engine.observer.requestRefused(error, this);
  }

  // What the transport tells.

  receive(bytes: Uint8Array, start: number, end: number): void {
    if (this.state === "closed") return;
    const { output } = this.#engine;
    this.#engine.beginEvent();
    this.#engine.bytesRead += end - start;
    if (this.#reading === "discard") return;
    this.#turn?.begin(this.#engine.now);
    output.cork();
    this.#working = true;
    try {
      if (this.#input.length === 0) {
        const at = this.#work(bytes, start, end);
        this.#input.keep(bytes, at, end);
      } else {
        this.#input.keep(bytes, start, end);
        this.#workOffInput();
      }
    } finally {
      this.#working = false;
      output.uncork();
    }
    this.#settle();
  }

  receiveEnd(): void {
    if (this.state === "closed") return;
    this.#engine.beginEvent();
    this.#inputEnded = true;
    if (this.state === "active") this.#life.mayBeSpared();
    this.#tellHalfClosed();
    this.#settle();
  }

  /** As in Go: a client that half-closes may have gone for good. Its answer is sent all the same. */
  #tellHalfClosed(): void {
    const x = this.#exchange;
    if (!x?.isUnderWay || x.response.phase === "complete") return;
    x.abortSignal(peerGone("the client closed its side before the response was complete"));
  }

  drained(): void {
    if (this.state === "closed") return;
    this.out.drained();
    this.#advance();
  }

  transportClosed(error?: unknown): void {
    const gone = this.#errorForWaiters("peer_gone", "the client went away", error);
    this.out.close(gone); // there is nobody to send the rest to
    if (this.state === "draining") this.#abandon(this.#life.reason, gone);
    else if (this.state === "upgraded") this.#tunnelClosed(error, gone);
    else this.#abandon(this.state === "active" ? "client_gone" : "client_closed", gone);
  }

  // Reading.

  /** Works off what can be, now that something has changed outside of `receive`. */
  #advance(): void {
    if (this.#working || this.state === "closed") return;
    this.#engine.beginEvent();
    this.#working = true;
    this.#transport.enter();
    try {
      this.#workOffInput();
    } finally {
      this.#working = false;
      this.#transport.leave();
    }
    this.out.flush(); // whether the peer takes it decides what to wait for
    this.#settle();
  }

  /** Whether there may be another unit of work in this turn, after one that was done. */
  spendTurn(): boolean {
    this.#turn ??= new Turn(this.#engine.turns, this, this.#engine.now);
    return this.#turn.spend();
  }

  get turnIsOver(): boolean {
    return this.#turn !== null && this.#turn.isOver;
  }

  takeTurn(): void {
    this.#turn!.resume();
    if (this.state === "closed") return;
    this.out.resume();
    this.#advance();
  }

  #workOffInput(): void {
    const input = this.#input;
    input.dropUntil(this.#work(input.bytes, input.start, input.end));
  }

  /** Reads on in `bytes[start, end)` as far as possible; answers where it stopped. */
  #work(bytes: Uint8Array, start: number, end: number): number {
    let at = start;
    try {
      for (;;) {
        switch (this.#reading) {
          case "head": {
            if (at === end || this.turnIsOver || !this.out.acceptsResponse()) return at;
            const x = this.#exchange ??= acquireExchange();
            const length = x.head.parse(bytes, at, end, this.#engine.settings);
            if (length === NEED_MORE) return at;
            at += length;
            this.#begin(x, at < end);
            if (at < end) this.spendTurn();
            break;
          }
          case "body": {
            const x = this.#exchange!;
            if (at < end) x.body.arrived = true;
            if (x.response.phase === "complete" && !this.#readsOn(x.body)) {
              this.#over(x);
              break;
            }
            if (this.turnIsOver) return at;
            const stop = x.body.isChunked ? Math.min(end, at + CHUNKS_AT_ONCE) : end;
            at = x.body.feed(bytes, at, stop);
            if (at < end) this.spendTurn();
            if (x.body.complete) this.#reading = "held";
            else if (at < stop || at === end) return at;
            break;
          }
          case "held": {
            const x = this.#exchange!;
            if (x.response.phase !== "complete") return at;
            this.#over(x);
            break;
          }
          case "tunnel":
            return this.#tunnel!.feed(bytes, at, end);
          case "discard":
            return end;
          case "proxy header": {
            const header = readProxyHeader(bytes, at, end);
            if (header === NEED_MORE) return at;
            at += header.length;
            this.#endpoints = header.endpoints ?? this.#endpoints;
            this.#reading = "head";
            break;
          }
        }
      }
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error;
      // A proxy expects no answer to its header, and what else comes there may not be HTTP.
      if (this.#reading === "proxy header") this.#abandon("protocol_error", error);
      else this.#refuse(error);
      return end;
    }
  }

  // An exchange, from its head to its end.

  #begin(x: HttpExchange, moreHasCome: boolean): void {
    const { handler, settings, observer } = this.#engine;
    const { framing } = x.head;
    if (framing > settings.maxBodyBytes && settings.maxBodyBytes > 0) {
      throw new ProtocolError(
        "body_too_large",
        413,
        `the request body is larger than ${settings.maxBodyBytes} bytes`,
      );
    }
    this.#keepAlive.begin();
    this.#patience.headComplete();
    this.#reading = framing === 0 ? "held" : "body";
    x.begin(this, settings);
    x.body.arrived = moreHasCome;
    observer.requestBegan(this);
    this.#life.beginRequest();
    // Whoever watches the states may have closed the connection.
    if (x.response.phase === "cut") return;
    x.run(handler);
    if (this.#inputEnded) this.#tellHalfClosed();
    const over = x.response.phase === "complete" && x.body.complete;
    // What goes on after this call must not look into memory that is the transport's again.
    if (!over && this.#exchange === x) x.keepHead();
  }

  /**
   * Whether the body is worth reading to its end although the response is complete. As in Go, it was the
   * handler's until then; only a read that still waits is served, and copies are. The rest is dropped in budget.
   */
  #readsOn(body: RequestBody): boolean {
    if (body.wanted) return true;
    if (this.#keepAlive.lastBecause !== null && !body.outlivesResponse) return false;
    body.drain(this.#engine.settings.drainBytes);
    return true;
  }

  /** Response and body are complete, or as complete as they get: on to the next request, or to the end. */
  #over(x: HttpExchange): void {
    this.#endEndsBody = x.response.endsWithConnection;
    x.finish();
    if (x.isReferenced) this.#exchange = null;
    if (this.#tunnel !== null) this.#switch();
    else if (this.#keepAlive.lastBecause === null) this.#reading = "head";
    else this.#finish(this.#keepAlive.lastBecause);
  }

  #switch(): void {
    this.#reading = "tunnel";
    this.#returnExchange();
    this.#life.upgrade();
  }

  // What an exchange needs.

  get connection(): Connection {
    return this;
  }

  get minorVersion(): number {
    return this.#exchange!.head.minor;
  }

  get method(): string {
    return this.#exchange!.head.method;
  }

  endHead(out: ByteWriter, dated: boolean, mustClose: boolean, whole: boolean): void {
    if (!this.#working) this.#engine.beginEvent();
    this.#keepAlive.endHead(out, this.#exchange!, dated, mustClose, whole);
  }

  dateLine(): Uint8Array {
    return this.#engine.dateLine();
  }

  responseDone(): void {
    this.#advance();
  }

  responseBroken(): void {
    this.#abandon("handler_error", new ConnectionError("closed", "the response was cut off"));
  }

  switchOver(): Tunnel {
    this.#tunnel = new Tunnel(this);
    this.#advance();
    return this.#tunnel;
  }

  handlerFailed(error: unknown): void {
    this.#engine.observer.handlerFailed(error);
  }

  exchangeFree(x: HttpExchange): void {
    releaseExchange(x);
  }

  setTimeouts(timeouts: Timeouts): void {
    this.#keepAlive.limits = limitsWith(timeouts, this.#keepAlive.limits);
    this.#engine.beginEvent();
    // What is not named runs on.
    if (timeouts.requestTimeout !== undefined) this.#patience.requestTimeoutChanged();
    if (timeouts.minBodyRate !== undefined) this.#patience.minBodyRateChanged();
    if (timeouts.writeTimeout !== undefined) this.out.writeTimeoutChanged();
  }

  bodyWanted(): void {
    if (this.#exchange === null) return; // it is being refused
    const { head, body } = this.#exchange;
    if (head.expectsContinue && body.state === "awaited" && !body.arrived) {
      head.expectsContinue = false;
      if (this.#exchange!.response.phase === "unanswered") this.out.claim().copy(CONTINUE);
    }
    this.#advance();
  }

  // What a tunnel needs.

  tunnelWanted(): void {
    this.#advance();
  }

  tunnelEnded(): void {
    this.out.end();
    this.#advance();
  }

  #tunnelClosed(error: unknown, gone: ConnectionError | null): void {
    const endedWell = error === undefined && this.#inputEnded && this.#tunnel!.outputEnded &&
      !this.out.stalled;
    // Somebody may still read what came before the end, without the connection.
    if (endedWell) this.#tunnel!.keep(this.#input.bytes, this.#input.start, this.#input.end);
    this.#abandon("upgraded", gone);
  }

  tunnelAborted(reason: unknown): void {
    this.#abandon("upgraded", reason, true);
  }

  handOver(): HandedOver | undefined {
    this.out.flush();
    const handed = this.#transport.handOver();
    // What the socket has not sent is its new owner's affair, who may write more to it before that.
    if (handed !== undefined) this.out.handedOver();
    return handed;
  }

  // After each event: what to wait for now.

  #settle(): void {
    if (this.#inputEnded) this.#settleEndOfInput();
    if (this.state === "closed") return;
    this.#settlePause();
    this.#settlePeerWatch();
    // Whoever is told of a new state may close the connection: this comes last.
    this.#settlePatience();
  }

  /** The peer sends no more: what cannot be completed any more is given up. */
  #settleEndOfInput(): void {
    if (this.#reading === "body" && this.#input.length === 0) {
      const x = this.#exchange!;
      x.body.fail(peerGone("the client closed its side before the end of the request body"));
      this.#keepAlive.lastBecause = "client_gone";
      this.#reading = "held";
      this.#advance();
    } else if (this.#reading === "tunnel" && this.#input.length === 0) {
      this.#tunnel!.endInput();
    } else if (this.#readsHeads) {
      this.#finish(this.#exchange?.head.begun ? "client_gone" : "client_closed");
    } else if (this.#reading === "proxy header") {
      this.#finish("client_closed");
    }
    if (this.#reading === "discard" && !this.out.stalled) this.#abandon(this.#life.reason, null);
  }

  #settlePatience(): void {
    const patience = this.#patience;
    switch (this.#reading) {
      case "head":
        if (!this.#readsHeads) {
          patience.await("nothing");
        } else if (this.#exchange?.head.begun) {
          patience.await("head");
          this.#life.beginHead();
        } else if (this.#keepAlive.endsNow) {
          this.#finish("shutdown");
        } else if (this.state !== "new") {
          this.#returnExchange();
          patience.await("next head");
          this.#life.rest();
        }
        return;
      case "body":
        return patience.await(this.#awaitedOfBody);
      case "held":
        return patience.await("nothing");
      case "proxy header": // part of what it waits for since the accept
        return;
      case "tunnel":
        if (!this.#tunnel!.isOver || this.out.stalled) return patience.await("nothing");
        if (this.#inputEnded || this.#engine.settings.lingerTimeout === 0) {
          return this.#abandon("upgraded", null);
        }
        return patience.await("end"); // closed at once, it could lose what the peer has not read yet
      case "discard":
        if (this.out.stalled) return patience.await(this.isHandshaking ? "first head" : "nothing");
        if (this.#engine.settings.lingerTimeout === 0) return this.#abandon(this.#life.reason, null);
        this.#life.mayBeSpared();
        return patience.await(this.#hasAnswered ? "end" : "idle end");
    }
  }

  get #awaitedOfBody(): Waiting {
    if (this.#drains) return "unread body";
    // It is the client's turn where the handler reads; what it has dropped may take its time.
    return this.#exchange!.body.state === "awaited" ? "body" : "reader";
  }

  /** Whether it only reads the rest of a body whose response is complete, to get to the next head. */
  get #drains(): boolean {
    const { body, response } = this.#exchange!;
    return body.drains && response.phase === "complete";
  }

  /** Whether the next head is read as soon as it comes. */
  get #readsHeads(): boolean {
    return this.#reading === "head" && !this.out.stalled && !this.turnIsOver;
  }

  /** Backpressure: the transport rests while what it brings could only pile up. */
  #settlePause(): void {
    // A head that is still coming is read however long it may be, and so is what comes before it.
    const readsHead = this.#readsHeads || this.#reading === "proxy header";
    const pause = !readsHead && this.#input.length >= this.#engine.settings.highWaterMark;
    if (pause === this.#paused) return;
    this.#paused = pause;
    this.#transport.setPaused(pause);
  }

  /** It is the handler's turn, or the tunnel's, and nothing would tell that the client has gone for good. */
  #settlePeerWatch(): void {
    const isHandlersTurn = this.#reading === "held" || this.#reading === "body";
    if ((this.#paused || (this.#inputEnded && isHandlersTurn)) && !this.out.stalled) {
      (this.#peerWatch ??= new PeerWatch(this, this.#engine)).start();
    } else {
      this.#peerWatch?.stop();
    }
  }

  get progress(): number {
    return this.out.taken + this.requests + (this.#exchange?.body.received ?? 0);
  }

  get progressTimeout(): number {
    if (this.#reading === "tunnel") return 0;
    return this.#isQuietStream ? QUIET_STREAM_TIMEOUT : this.#keepAlive.limits.requestTimeout;
  }

  /** Whether a response is sent piece by piece to a client that has half-closed: most often it has gone for good. */
  get #isQuietStream(): boolean {
    const x = this.#exchange;
    return this.#inputEnded && x !== null && x.isUnderWay && x.response.phase === "streaming";
  }

  probePeer(): void {
    this.#transport.probe();
  }

  peerPresumedGone(): void {
    this.#abandon("client_gone", peerGone("the client cannot be heard any more, and nothing moves"));
  }

  // What came too late.

  get bodyReceived(): number {
    return this.#exchange!.body.received;
  }

  timedOut(late: Late): void {
    this.#engine.beginEvent();
    switch (late) {
      case "head":
        return this.#refuse(
          new ProtocolError("head_timeout", 408, "the request head took too long"),
          "header_timeout",
        );
      case "request":
        return this.#refuse(
          new ProtocolError("request_timeout", 408, "the request took too long"),
          "request_timeout",
        );
      case "first head":
        if (this.state === "draining") return this.#abandon(this.#life.reason, null);
        return this.#finish(this.#keepAlive.retiring ? "shutdown_idle" : "header_timeout");
      case "next head":
        return this.#finish(this.#keepAlive.retiring ? "shutdown_idle" : "idle_timeout");
      case "unread body":
        return this.#finish("unread_body");
      case "end":
      case "idle end":
        return this.#abandon(this.#tunnel === null ? this.#life.reason : "upgraded", null);
    }
  }

  bodyTooSlow(): void {
    const { minBodyRate } = this.#keepAlive.limits;
    const message = `the request body came with less than ${minBodyRate} bytes a second`;
    this.#refuse(new ProtocolError("body_too_slow", 408, message), "slow_body");
  }

  writeTimedOut(): void {
    const error = new ConnectionError("timeout", "the client took no byte of the response for too long");
    this.#abandon("write_timeout", error, true);
  }

  // The end. Every way out leads through one of these.

  /** The peer broke the protocol, or a limit: says so where that is still possible, and ends. */
  #refuse(error: ProtocolError, reason: CloseReason = "protocol_error"): void {
    const x = this.#exchange!;
    const { phase } = x.response;
    if (x.isUnderWay && phase === "streaming") {
      return this.#abandon(reason, error);
    }
    const answered = x.isUnderWay && phase === "complete";
    if (answered && this.#drains) reason = "unread_body";
    if (!answered) this.#writeRefusal(error);
    if (x.isUnderWay) {
      if (!answered) x.response.cut();
      this.#exchange = null;
    }
    this.#finish(reason);
    // Whoever is told may do with the connection what they like.
    if (x.isUnderWay) x.lose(error);
    if (!answered) this.#engine.observer.requestRefused(error, this);
  }

  #writeRefusal(error: ProtocolError): void {
    writeError(this.out.claim(), error.status, error.message, this.#engine.dateLine());
    this.#hasAnswered = true;
  }

  /** Lingering close (RFC 9112 §9.6): sends what is left and the end, then discards until the peer ends too. */
  #finish(reason: CloseReason): void {
    if (this.state === "draining" || this.state === "closed") return;
    // No response can be sent before the handshake is over, and none was: there is nothing to linger for.
    if (this.isHandshaking && !this.#hasAnswered) return this.#abandon(reason, null);
    this.#reading = "discard";
    if (this.state === "active") this.#hasAnswered = true;
    this.#input.clear();
    // Its response is complete; what is still under way of it is a body that nobody waits for.
    if (this.#exchange?.isUnderWay) this.#exchange.finish();
    this.#returnExchange();
    this.out.end();
    this.#life.drain(reason);
    if (this.#working) return;
    this.#engine.beginEvent();
    this.#settle();
  }

  /**
   * Ends at once: first all that the connection holds, then whoever waits for something on it is told
   * `error`, and may do with it what they like. `abruptly` lets the peer see a failure.
   */
  #abandon(reason: CloseReason, error: unknown, abruptly = false): void {
    if (this.state === "closed") return;
    const x = this.#exchange;
    abruptly ||= this.#endTruncates;
    this.#life.end(reason);
    this.#reading = "discard";
    this.#returnExchange();
    // Not from inside of a handler: how far the input is worked off is not noted before that returns.
    if (x?.isUnderWay && !this.#working) {
      x.body.keepRest(this.#input.bytes, this.#input.start, this.#input.end);
    }
    this.#input.clear();
    this.#patience.stop();
    this.#peerWatch?.stop();
    this.out.close(error, abruptly);
    if (x?.isUnderWay) x.lose(error);
    this.#tunnel?.fail(error);
    this.#life.announceEnd();
  }

  /**
   * The error for pending reads, writes and signals; `null` where there are none, since making one costs more than all
   * else that an idle connection's end costs.
   */
  #errorForWaiters(code: ConnectionErrorCode, message: string, cause?: unknown): ConnectionError | null {
    const isAwaited = this.#exchange?.isUnderWay || this.#tunnel !== null || this.out.stalled;
    return isAwaited ? new ConnectionError(code, message, cause) : null;
  }

  /** Whether the peer would take the end of the connection for the end of a response that it has not got whole. */
  get #endTruncates(): boolean {
    const x = this.#exchange;
    if (!x?.isUnderWay) return this.#endEndsBody && this.out.stalled;
    return x.response.endsWithConnection && (x.response.phase === "streaming" || this.out.stalled);
  }

  /** Gives the exchange back to the pool, if there is one and nobody can hold it. */
  #returnExchange(): void {
    const x = this.#exchange;
    this.#exchange = null;
    if (x !== null && !x.isUnderWay && !x.isReferenced) releaseExchange(x);
  }
}

function peerGone(message: string, cause?: unknown): ConnectionError {
  return new ConnectionError("peer_gone", message, cause);
}

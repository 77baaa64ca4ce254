/**
 * The exchange that handlers see: one request and its response, whatever protocol carries them.
 */
import type { Bytes } from "../api/bytes.ts";
import { ConnectionError, ExchangeError } from "../api/errors.ts";
import type { Exchange, Fields, HttpVersion, Upgraded, UpgradeOptions } from "../api/exchange.ts";
import type { Timeouts } from "../api/timeouts.ts";
import type { Addr, Connection } from "../api/transport.ts";
import { linesOf } from "../wire/field_lines.ts";
import type { PooledBytes } from "../wire/pooled_bytes.ts";
import { abortError } from "./abort_error.ts";
import { BodyIterator, collectBytes, collectText, streamBody } from "./body_readers.ts";
import { passesOn } from "./client_errors.ts";
import { handled } from "./deferred.ts";
import { ERROR_FIELDS, errorText } from "./error_response.ts";
import { ExchangeFacade } from "./exchange_facade.ts";
import { LazyAbort } from "./lazy_abort.ts";
import type { ExchangePort, RequestView, ResponseStream } from "./protocol.ts";
import { RequestBody } from "./request_body.ts";
import { clientAddr, originOf, targetAuthority } from "./request_origin.ts";
import type { RequestTrace } from "./request_trace.ts";
import { TunnelFacade } from "./tunnel_facade.ts";

/** Gets to know how an exchange ends: one of the two is called, once. */
export interface ExchangeWatcher {
  /** Response and body are complete; the head can be read for the last time. */
  exchangeOver(): void;
  /** The connection, or the stream, was lost before the response was written. */
  exchangeLost(error: unknown): void;
}

/** Responds to a request: the `exchange` or `fetch` handler, wrapped. */
export type RequestHandler = (x: HttpExchange) => void | PromiseLike<void>;

const NO_FIELDS: readonly [string, string][] = [];

/** A reusable exchange: the protocol reads `head`, calls `begin`, and `finish` when it is over. */
export class HttpExchange implements Exchange {
  /** The request's head. */
  readonly head: RequestView;
  /** The request's body. */
  readonly body: RequestBody = new RequestBody();
  /** The response. */
  readonly response: ResponseStream;
  /** Gets to know how it ends. */
  watcher: ExchangeWatcher | null = null;
  /** Whether an asynchronous handler is still running, so that it may use the exchange. */
  #handlerRuns = false;
  /** Whether the handler ended before the response, so that something else refers to the exchange, maybe for ever. */
  #escaped = false;
  /** `null` while it is not under way. */
  #port: ExchangePort | null = null;
  readonly #abort = new LazyAbort();
  /** Why it ends early, or its body does. */
  #failure: unknown = null;
  #isUpgraded = false; // its connection, or stream, is a tunnel
  /** How often it was begun: what belongs to one request must not reach into the next. */
  #generation = 0;
  #facade: Exchange | null = null;
  /** What is told of it, if it is traced. */
  #trace: RequestTrace | null = null;

  /** Not begun yet. */
  constructor(head: RequestView, response: ResponseStream) {
    this.head = head;
    this.response = response;
  }

  /** What exchange handlers hold of it. */
  get facade(): Exchange {
    return this.#facade ??= new ExchangeFacade(this);
  }

  /** Begins: the head was read. */
  begin(port: ExchangePort): void {
    this.#port = port;
    this.#failure = null;
    this.#isUpgraded = false;
    this.#generation++;
  }

  /** Calls the handler, and responds for one that fails. */
  run(handler: RequestHandler): void {
    const port = this.port;
    try {
      const running = handler(this);
      if (typeof running?.then === "function") return void this.#await(running, port);
    } catch (error) {
      this.#handlerFailed(port, error);
    }
    // One of its callbacks responds later.
    if (this.response.phase !== "complete") this.#escaped = true;
  }

  /** Calls the handler, with `trace` for its request. */
  trace(handler: RequestHandler, trace: RequestTrace): void | PromiseLike<void> {
    this.#trace = trace;
    // A listener may have closed the connection.
    return trace.start(() => this.response.phase === "aborted" ? undefined : handler(this));
  }

  /** Notes what the handler failed with. */
  traceFailure(error: unknown): void {
    if (this.#trace !== null) this.#trace.error ??= error;
  }

  #endTrace(error?: unknown): void {
    this.#trace!.end(this.response.status, this.body.received, error);
    this.#trace = null;
  }

  /** Apart from `run`, whose every call would otherwise allocate for it. A thenable that calls back twice is heard once. */
  async #await(running: PromiseLike<void>, port: ExchangePort): Promise<void> {
    this.#handlerRuns = true;
    try {
      await running;
    } catch (error) {
      this.#handlerFailed(port, error);
    }
    this.#handlerReturned(port);
  }

  #handlerReturned(port: ExchangePort): void {
    this.#handlerRuns = false;
    if (this.#port !== null) {
      if (this.response.phase === "unanswered") {
        this.#handlerFailed(port, new ExchangeError("unanswered", "the handler ended without an answer"));
      }
      if (this.response.phase !== "complete") this.#escaped = true;
    }
    port.handlerSettled(this);
  }

  /** A handler that has failed may have left something behind that still uses the exchange. */
  #handlerFailed(port: ExchangePort, error: unknown): void {
    this.#escaped = true;
    this.traceFailure(error);
    if (!this.isClientError(error)) port.handlerFailed(error);
    if (this.response.phase === "unanswered") this.respond(500, ERROR_FIELDS, errorText(500));
    else if (this.response.phase === "streaming") port.responseBroken();
  }

  /** Whether a handler, or what it has left behind, may still use it, so that it must not be reused. */
  get isReferenced(): boolean {
    return this.#handlerRuns || this.#escaped;
  }

  /** Whether an asynchronous handler is still running. */
  get handlerRuns(): boolean {
    return this.#handlerRuns;
  }

  /** Whether it was begun, and is not over. */
  get isUnderWay(): boolean {
    return this.#port !== null;
  }

  /** It is over: later calls throw. */
  finish(): void {
    if (!this.body.complete) {
      this.body.fail(new ExchangeError("body_dropped", "the exchange is over, and the body was dropped"));
    }
    if (this.#trace !== null) this.#endTrace();
    this.#port = null;
    this.#abort.reset();
    this.watcher?.exchangeOver();
    this.watcher = null;
    this.body.release();
    this.head.reset();
  }

  /** The connection was lost: pending reads and writes fail. It may be read afterwards, and is not reusable. */
  connectionLost(error: unknown): void {
    this.head.retain(); // the handler may read it, now and later
    const isUnfinished = this.response.phase !== "complete" || !this.response.isWritten;
    this.response.abort();
    this.bodyLost(error);
    if (isUnfinished) {
      this.abortSignal(error);
      this.watcher?.exchangeLost(error);
    } else {
      this.watcher?.exchangeOver();
    }
    this.watcher = null;
    if (this.#trace !== null) this.#endTrace(isUnfinished ? error : undefined);
  }

  /** No more of the body comes, or what comes is refused: reads of it fail. The response goes on. */
  bodyLost(error: unknown): void {
    this.#failure = error;
    this.body.fail(error);
  }

  /** A part of the response was sent; answers whether there may be more in this turn, otherwise `ready` resolves then. */
  spendTurn(): boolean {
    return this.response.phase === "aborted" || this.port.spendTurn();
  }

  /** Aborts `signal`, also where it is read later: the client may be gone. The response goes on. */
  abortSignal(error: unknown): void {
    this.#abort.abort(() => abortError(error));
  }

  /** Whether the client has gone, or may have, before its response was complete. */
  get isAborted(): boolean {
    return this.#abort.isAborted || this.response.phase === "aborted";
  }

  /** Whether `error` only passes on that the client has gone, or its request was refused: no failure of the handler's. */
  isClientError(error: unknown): boolean {
    if (this.#isUpgraded && error instanceof ConnectionError) return true; // its tunnel's, which is no #failure
    return passesOn(error, this.#failure, this.isAborted);
  }

  /**
   * Its protocol.
   *
   * @throws {ExchangeError} where the exchange is over
   */
  get port(): ExchangePort {
    if (this.#port === null) throw new ExchangeError("over", "the exchange is over");
    return this.#port;
  }

  // The request.

  get method(): string {
    void this.port;
    return this.head.method;
  }

  get target(): string {
    void this.port;
    return this.head.target;
  }

  get httpVersion(): HttpVersion {
    void this.port;
    return this.head.httpVersion;
  }

  get connection(): Connection {
    return this.port.connection;
  }

  get remoteAddr(): Addr | undefined {
    return clientAddr(this.port, this.head.fields);
  }

  get scheme(): "http" | "https" {
    return originOf(this.port, this.head).scheme;
  }

  get authority(): string {
    const { target, fields } = this.head;
    return originOf(this.port, this.head).authority ?? targetAuthority(target) ?? fields.get("host") ?? "";
  }

  get signal(): AbortSignal {
    void this.port;
    return this.#abort.signal;
  }

  get draining(): AbortSignal {
    return this.port.draining;
  }

  header(name: string): string | null {
    void this.port;
    return this.head.fields.get(name.toLowerCase());
  }

  headers(): IterableIterator<[string, string]> {
    void this.port;
    return this.#lines(this.#generation);
  }

  *#lines(generation: number): IterableIterator<[string, string]> {
    for (const line of this.head.fields) {
      if (this.#port === null || generation !== this.#generation) {
        throw new ExchangeError("over", "the exchange is over");
      }
      yield line;
    }
  }

  setTimeouts(timeouts: Timeouts): void {
    if (this.response.phase !== "aborted") this.port.setTimeouts(timeouts);
  }

  // Its body.

  get hasBody(): boolean {
    void this.port;
    return this.head.hasBody;
  }

  get contentLength(): number | undefined {
    void this.port;
    return this.body.length;
  }

  bytes(): Promise<Bytes> {
    return this.read((body, want) => collectBytes(body, want, (bytes) => bytes));
  }

  text(): Promise<string> {
    return this.read((body, want) => collectText(body, want, (text) => text));
  }

  json(): Promise<unknown> {
    return this.read((body, want) => collectText(body, want, JSON.parse));
  }

  /** All of it, as `collect` does, which calls `want` when the body is to be fed. */
  read<T>(collect: (body: RequestBody, want: () => void) => Promise<T>): Promise<T> {
    try {
      const port = this.#useBody();
      return collect(this.body, () => port.bodyWanted());
    } catch (error) {
      return handled(Promise.reject(error));
    }
  }

  chunks(): AsyncIterableIterator<Bytes> {
    const port = this.#useBody();
    return new BodyIterator(this.body, () => port.bodyWanted());
  }

  /** `onUse` is called whenever the stream is read or cancelled; `failure` gives what it errors with. */
  stream(
    onUse?: () => void,
    failure?: (error: unknown) => unknown,
  ): ReadableStream<Bytes> {
    const port = this.#useBody();
    const want = (): void => {
      onUse?.();
      port.bodyWanted();
    };
    return streamBody(this.body, want, failure);
  }

  #useBody(): ExchangePort {
    const port = this.port;
    if (this.body.used) throw new ExchangeError("body_used", "the request body was used already");
    return port;
  }

  trailers(): IterableIterator<[string, string]> {
    void this.port;
    return (this.body.trailers ?? NO_FIELDS)[Symbol.iterator]() as IterableIterator<[string, string]>;
  }

  // The response.

  interim(status: number, fields?: Fields): void {
    this.response.interim(status, fields);
  }

  earlyHints(fields: Fields): void {
    this.response.interim(103, fields);
  }

  upgrade({ protocol, fields, silent = false }: UpgradeOptions = {}): Upgraded {
    const lines = linesOf(fields); // before the checks, since reading them may run code that responds, or closes
    const port = this.port;
    if (this.response.phase === "aborted") throw this.#failure;
    if (this.response.phase !== "unanswered") {
      throw new ExchangeError("answered", "upgrade(): the response has begun");
    }
    if (!this.body.complete) throw new ExchangeError("body_used", "upgrade(): read the request body first");
    if (!this.response.switchProtocols(silent, protocol, lines)) return this.upgrade(); // throws
    this.#isUpgraded = true;
    return new TunnelFacade(port.openTunnel());
  }

  respond(status: number, fields?: Fields, body?: string | Uint8Array | PooledBytes | null): void {
    this.response.respond(status, fields, body);
  }

  start(status: number, fields?: Fields): void {
    this.response.start(status, fields);
  }

  write(chunk: string | Uint8Array): boolean {
    return this.response.write(chunk);
  }

  ready(): Promise<void> {
    return this.response.phase === "aborted" ? handled(Promise.reject(this.#failure)) : this.port.ready();
  }

  end(chunk?: string | Uint8Array | null, trailers?: Fields): void {
    this.response.end(chunk, trailers);
  }

  abort(): void {
    if (this.response.phase !== "aborted") this.port.responseBroken();
  }
}

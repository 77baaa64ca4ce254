/**
 * The exchange that handlers see: one request and its response, on whatever connection has it now.
 */
import { ConnectionError, ExchangeError } from "../errors.ts";
import type { Addr, Connection } from "../conn.ts";
import type { Exchange, ExchangeHandler, Fields, Upgraded, UpgradeOptions } from "../exchange.ts";
import { UPGRADE } from "../protocol/persistence.ts";
import type { Timeouts } from "../options.ts";
import type { Settings } from "../settings.ts";
import { linesOf } from "../protocol/field_lines.ts";
import { RequestHead } from "../protocol/request_head.ts";
import { abortError } from "./abort_error.ts";
import { Collector, Pieces, streamBody } from "./body_readers.ts";
import { handled } from "./deferred.ts";
import { ERROR_FIELDS, errorText } from "./error_response.ts";
import { RequestBody } from "./request_body.ts";
import { type ResponsePort, ResponseWriter } from "./response.ts";

/** What an exchange needs of its connection. */
export interface ExchangePort extends ResponsePort {
  /** The connection, as users see it. */
  readonly connection: Connection;
  /** Aborts when the connection is told to shut down. */
  readonly draining: AbortSignal;
  /** The body is wanted now: sends 100 if the client waits for it, and feeds what is here. */
  bodyWanted(): void;
  /** A part of the response was sent; answers whether there may be more in this turn of the loop. */
  spendTurn(): boolean;
  /** Other times hold for this request, and the idle time after it. */
  setTimeouts(timeouts: Timeouts): void;
  /** The connection is another protocol's from now on. */
  switchOver(): Upgraded;
  /** The handler threw or rejected. */
  handlerFailed(error: unknown): void;
  /** The exchange was over before its handler was; now nobody holds it. */
  exchangeFree(x: HttpExchange): void;
}

/** Who wants to know how an exchange ends. Told one of the two, once. */
export interface ExchangeWatcher {
  /** Response and body are complete; the head can be looked at for the last time. */
  exchangeOver(): void;
  /** The connection was lost before the response was complete. */
  exchangeLost(error: unknown): void;
}

const decoder = new TextDecoder();
const NOTHING = new Uint8Array(0);
const NO_FIELDS: readonly [string, string][] = [];

/** An exchange, reusable: the connection fills `head`, calls `begin`, and `finish` when it is over. */
export class HttpExchange implements Exchange {
  /** The request's head. */
  readonly head: RequestHead = new RequestHead();
  /** The request's body. */
  readonly body: RequestBody = new RequestBody();
  /** The response. */
  readonly response: ResponseWriter = new ResponseWriter();
  /** Whether an asynchronous handler is still running, so that it may touch the exchange. */
  #handlerRuns = false;
  /** Whether the handler ended before the response, so that something else has the exchange, and may for ever. */
  #escaped = false;
  /** Told how it ends. */
  watcher: ExchangeWatcher | null = null;
  #port: ExchangePort | null = null;
  #ownedHead: Uint8Array = NOTHING;
  #abort: AbortController | null = null;
  /** Why `signal` is aborted, kept also where the signal was not read yet; `null` before. */
  #aborted: unknown = null;
  #lost: unknown = null;
  /** How often it was begun: what belongs to one request must not reach into the next. */
  #generation = 0;

  /** Makes ready for a handler; the head was read. */
  begin(port: ExchangePort, settings: Settings): void {
    this.#port = port;
    this.#generation++;
    this.body.begin(this.head.framing, settings);
    this.response.begin(port);
  }

  /** Calls the handler, and answers for one that fails. */
  run(handler: ExchangeHandler): void {
    const port = this.#live;
    try {
      const running = handler(this);
      if (typeof running?.then === "function") return this.#await(running, port);
    } catch (error) {
      this.#handlerFailed(port, error);
    }
    // It answers later, as its callbacks do.
    if (this.response.phase !== "complete") this.#escaped = true;
  }

  /** Apart from `run`, whose every call would else make room for what the closures need. */
  #await(running: PromiseLike<void>, port: ExchangePort): void {
    this.#handlerRuns = true;
    const generation = this.#generation;
    // What else than a promise has a `then` may call back twice, also when the exchange is used again.
    const isFirst = (): boolean => this.#handlerRuns && generation === this.#generation;
    running.then(() => {
      if (isFirst()) this.#handlerReturned(port);
    }, (error) => {
      if (!isFirst()) return;
      this.#handlerFailed(port, error);
      this.#handlerReturned(port);
    });
  }

  #handlerReturned(port: ExchangePort): void {
    this.#handlerRuns = false;
    if (this.#port === null) {
      if (!this.#escaped) port.exchangeFree(this);
      return;
    }
    if (this.response.phase === "unanswered") {
      this.#handlerFailed(port, new ExchangeError("the handler ended without an answer"));
    }
    if (this.response.phase !== "complete") this.#escaped = true;
  }

  /** What has failed may have left something behind that still uses the exchange. */
  #handlerFailed(port: ExchangePort, error: unknown): void {
    this.#escaped = true;
    if (!this.isAbort(error)) port.handlerFailed(error);
    if (this.response.phase === "unanswered") this.respond(500, ERROR_FIELDS, errorText(500));
    else if (this.response.phase === "streaming") port.responseBroken();
  }

  /** Whether a handler, or what it has left behind, may still touch it, so that it must not be used again. */
  get isReferenced(): boolean {
    return this.#handlerRuns || this.#escaped;
  }

  /** Whether it was begun, and is not over. */
  get isUnderWay(): boolean {
    return this.#port !== null;
  }

  /** It is over: whoever still calls it is told so. */
  finish(): void {
    if (!this.body.complete) {
      this.body.fail(new ExchangeError("the exchange is over, and the body was dropped"));
    }
    this.#port = null;
    this.#abort = null;
    this.#aborted = null;
    this.#lost = null;
    this.watcher?.exchangeOver();
    this.watcher = null;
    this.head.reset();
  }

  /** Copies the head out of memory that is about to go, unless it was. */
  keepHead(): void {
    const { bytes, base, length } = this.head;
    if (bytes === this.#ownedHead) return;
    if (this.#ownedHead.length < length) this.#ownedHead = new Uint8Array(Math.max(1024, length));
    this.#ownedHead.set(bytes.subarray(base, base + length));
    this.head.moveTo(this.#ownedHead, 0);
  }

  /** The connection is lost for this exchange: whoever waits for it is told. */
  lose(error: unknown): void {
    this.keepHead(); // whoever is told may look at it, now and later
    this.#lost = error;
    const unfinished = this.response.phase !== "complete";
    this.response.cut();
    this.body.fail(error);
    if (unfinished) {
      this.abortSignal(error);
      this.watcher?.exchangeLost(error);
    } else {
      this.watcher?.exchangeOver();
    }
    this.watcher = null;
  }

  /** A part of the response was sent; answers whether there may be more in this turn of the loop, else `ready` tells. */
  spendTurn(): boolean {
    return this.response.phase === "cut" || this.#live.spendTurn();
  }

  /** Aborts `signal`, also where it is read later: the client may be gone. The response goes on. */
  abortSignal(error: unknown): void {
    if (this.#aborted !== null) return;
    this.#aborted = error;
    this.#abort?.abort(abortError(error));
  }

  /** Whether the client has gone, or may have, before its response was complete. */
  get isAborted(): boolean {
    return this.#aborted !== null || this.response.phase === "cut";
  }

  /** Whether `error` only passes on that the client has gone, which is no failure of the handler's. */
  isAbort(error: unknown): boolean {
    if (!this.isAborted) return false;
    return error instanceof ConnectionError || (error as Error | undefined)?.name === "AbortError";
  }

  get #live(): ExchangePort {
    if (this.#port === null) throw new ExchangeError("the exchange is over");
    return this.#port;
  }

  get method(): string {
    void this.#live;
    return this.head.method;
  }

  get target(): string {
    void this.#live;
    return this.head.target;
  }

  get httpVersion(): "1.0" | "1.1" {
    void this.#live;
    return this.head.minor === 0 ? "1.0" : "1.1";
  }

  get connection(): Connection {
    return this.#live.connection;
  }

  get remoteAddr(): Addr | undefined {
    return this.#live.connection.remoteAddr;
  }

  get signal(): AbortSignal {
    void this.#live;
    if (this.#abort === null) {
      this.#abort = new AbortController();
      if (this.#aborted !== null) this.#abort.abort(abortError(this.#aborted));
    }
    return this.#abort.signal;
  }

  get draining(): AbortSignal {
    return this.#live.draining;
  }

  get hasBody(): boolean {
    void this.#live;
    return this.head.framing !== 0;
  }

  get contentLength(): number | undefined {
    void this.#live;
    return this.body.length;
  }

  header(name: string): string | null {
    void this.#live;
    return this.head.fields.get(name.toLowerCase());
  }

  headers(): IterableIterator<[string, string]> {
    void this.#live;
    return this.#lines(this.#generation);
  }

  *#lines(generation: number): IterableIterator<[string, string]> {
    for (const line of this.head.fields) {
      if (this.#port === null || generation !== this.#generation) {
        throw new ExchangeError("the exchange is over");
      }
      yield line;
    }
  }

  bytes(): Promise<Uint8Array<ArrayBuffer>> {
    const bytes = new Promise<Uint8Array<ArrayBuffer>>((resolve, reject) => {
      const port = this.#takeBody();
      this.body.attach(new Collector(resolve, reject, this.body.length));
      this.body.resume();
      port.bodyWanted();
    });
    return handled(bytes);
  }

  text(): Promise<string> {
    return handled(this.bytes().then((bytes) => decoder.decode(bytes)));
  }

  json(): Promise<unknown> {
    return handled(this.text().then((text) => JSON.parse(text)));
  }

  /** `onUse` is called whenever the stream is read or cancelled; `failure` gives what it errors with. */
  stream(
    onUse?: () => void,
    failure?: (error: unknown) => unknown,
  ): ReadableStream<Uint8Array<ArrayBuffer>> {
    const port = this.#takeBody();
    const want = (): void => {
      onUse?.();
      port.bodyWanted();
    };
    return streamBody(this.body, want, failure);
  }

  trailers(): IterableIterator<[string, string]> {
    void this.#live;
    return (this.body.trailers ?? NO_FIELDS)[Symbol.iterator]();
  }

  interim(status: number, fields?: Fields): void {
    this.response.interim(status, fields);
  }

  earlyHints(fields: Fields): void {
    this.response.interim(103, fields);
  }

  upgrade({ protocol, fields, silent = false }: UpgradeOptions = {}): Upgraded {
    const lines = linesOf(fields);
    const port = this.#live;
    if (this.response.phase === "cut") throw this.#lost;
    if (this.response.phase !== "unanswered") throw new ExchangeError("upgrade(): the response has begun");
    if (!this.body.complete) throw new ExchangeError("upgrade(): read the request body first");
    this.response.switchProtocols(silent ? null : this.#protocol(protocol), lines, silent);
    return port.switchOver();
  }

  /** What to switch to, `null` for the tunnel of a CONNECT. */
  #protocol(chosen: string | undefined): string | null {
    const { method, minor, connection, fields } = this.head;
    if (method === "CONNECT") return null;
    const offered = fields.get("upgrade");
    // RFC 9110 §7.8: an Upgrade in HTTP/1.0, or one that Connection does not list, is none.
    const protocols = minor === 0 || (connection & UPGRADE) === 0 ? [] : listOf(offered);
    if (protocols.length === 0) throw new ExchangeError("upgrade(): the request asks for no upgrade");
    // It must be one of those (RFC 9110 §7.8), whose case does not matter.
    const protocol = chosen ?? protocols[0];
    if (protocols.some((name) => name.toLowerCase() === protocol.toLowerCase())) return protocol;
    throw new ExchangeError(`upgrade(): the request does not offer ${JSON.stringify(protocol)}`);
  }

  pieces(): AsyncIterableIterator<Uint8Array<ArrayBuffer>> {
    const port = this.#takeBody();
    return new Pieces(this.body, () => port.bodyWanted());
  }

  #takeBody(): ExchangePort {
    const port = this.#live;
    if (this.body.taken) throw new ExchangeError("the request body was taken already");
    return port;
  }

  setTimeouts(timeouts: Timeouts): void {
    if (this.response.phase !== "cut") this.#live.setTimeouts(timeouts);
  }

  respond(status: number, fields?: Fields, body?: string | Uint8Array | null): void {
    this.response.respond(status, fields, body);
  }

  start(status: number, fields?: Fields): void {
    this.response.start(status, fields);
  }

  write(chunk: string | Uint8Array): boolean {
    return this.response.write(chunk);
  }

  ready(): Promise<void> {
    return this.response.phase === "cut" ? handled(Promise.reject(this.#lost)) : this.#live.out.ready();
  }

  end(chunk?: string | Uint8Array | null, trailers?: Fields): void {
    this.response.end(chunk, trailers);
  }

  abort(): void {
    if (this.response.phase !== "cut") this.#live.responseBroken();
  }
}

/** The members of a list (RFC 9110 §5.6.1). */
function listOf(value: string | null): string[] {
  return (value ?? "").split(",").map((member) => member.trim()).filter((member) => member !== "");
}

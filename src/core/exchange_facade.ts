/**
 * What exchange handlers hold: the documented members and no others. It is reused along with its exchange.
 */
import type { Bytes } from "../api/bytes.ts";
import type { Exchange, Fields, HttpVersion, Upgraded, UpgradeOptions } from "../api/exchange.ts";
import type { Timeouts } from "../api/timeouts.ts";
import type { Addr, Connection } from "../api/transport.ts";

/** Forwards to the engine's exchange. */
export class ExchangeFacade implements Exchange {
  readonly #x: Exchange;

  /** A facade of `x`. */
  constructor(x: Exchange) {
    this.#x = x;
  }

  /** What `value` is a facade of, where it is one. */
  static exchangeOf(value: object): Exchange | undefined {
    return #x in value ? value.#x : undefined;
  }

  get method(): string {
    return this.#x.method;
  }

  get target(): string {
    return this.#x.target;
  }

  get httpVersion(): HttpVersion {
    return this.#x.httpVersion;
  }

  get connection(): Connection {
    return this.#x.connection;
  }

  get remoteAddr(): Addr | undefined {
    return this.#x.remoteAddr;
  }

  get scheme(): "http" | "https" {
    return this.#x.scheme;
  }

  get authority(): string {
    return this.#x.authority;
  }

  get signal(): AbortSignal {
    return this.#x.signal;
  }

  get draining(): AbortSignal {
    return this.#x.draining;
  }

  get hasBody(): boolean {
    return this.#x.hasBody;
  }

  get contentLength(): number | undefined {
    return this.#x.contentLength;
  }

  setTimeouts(timeouts: Timeouts): void {
    this.#x.setTimeouts(timeouts);
  }

  header(name: string): string | null {
    return this.#x.header(name);
  }

  headers(): IterableIterator<[string, string]> {
    return this.#x.headers();
  }

  bytes(): Promise<Bytes> {
    return this.#x.bytes();
  }

  text(): Promise<string> {
    return this.#x.text();
  }

  json(): Promise<unknown> {
    return this.#x.json();
  }

  chunks(): AsyncIterableIterator<Bytes> {
    return this.#x.chunks();
  }

  stream(): ReadableStream<Bytes> {
    return this.#x.stream();
  }

  trailers(): IterableIterator<[string, string]> {
    return this.#x.trailers();
  }

  interim(status: number, fields?: Fields): void {
    this.#x.interim(status, fields);
  }

  earlyHints(fields: Fields): void {
    this.#x.earlyHints(fields);
  }

  upgrade(options?: UpgradeOptions): Upgraded {
    return this.#x.upgrade(options);
  }

  respond(status: number, fields?: Fields, body?: string | Uint8Array | null): void {
    this.#x.respond(status, fields, body);
  }

  start(status: number, fields?: Fields): void {
    this.#x.start(status, fields);
  }

  write(chunk: string | Uint8Array): boolean {
    return this.#x.write(chunk);
  }

  ready(): Promise<void> {
    return this.#x.ready();
  }

  end(chunk?: string | Uint8Array | null, trailers?: Fields): void {
    this.#x.end(chunk, trailers);
  }

  abort(): void {
    this.#x.abort();
  }
}

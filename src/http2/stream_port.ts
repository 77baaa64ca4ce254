/**
 * What an exchange calls on its stream, and what of that is the connection's.
 */
import type { Upgraded } from "../api/exchange.ts";
import type { Timeouts } from "../api/timeouts.ts";
import type { Connection } from "../api/transport.ts";
import type { ExchangeConnection, ExchangePort, ForwardedRequest, RequestFields } from "../core/protocol.ts";
import type { StreamContext } from "./stream_context.ts";
import type { StreamOutput } from "./stream_output.ts";

/** The stream. */
export interface PortedStream {
  readonly context: StreamContext<unknown>;
  readonly output: StreamOutput;
  /** As in `ExchangePort`. */
  ready(): Promise<void>;
  /** As in `ExchangePort`. */
  bodyWanted(): void;
  /** As in `ExchangePort`. */
  setTimeouts(timeouts: Timeouts): void;
  /** As in `ExchangePort`. */
  openTunnel(): Upgraded;
  /** As in `ExchangePort`. */
  responseBroken(): void;
  /** Its asynchronous handler has ended. */
  handlerSettled(): void;
}

/** The exchange's side of a stream. */
export class StreamPort implements ExchangePort {
  readonly #stream: PortedStream;

  /** Of `stream`. */
  constructor(stream: PortedStream) {
    this.#stream = stream;
  }

  get lasting(): ExchangeConnection {
    return this.#stream.context;
  }

  get connection(): Connection {
    return this.#stream.context.connection;
  }

  get bytesAppended(): number {
    return this.#stream.output.bytesAppended;
  }

  get isSecure(): boolean {
    return this.#stream.context.isSecure;
  }

  get draining(): AbortSignal {
    return this.#stream.context.draining;
  }

  forwarded(fields: RequestFields): ForwardedRequest | null {
    return this.#stream.context.forwarded(fields);
  }

  ready(): Promise<void> {
    return this.#stream.ready();
  }

  bodyWanted(): void {
    this.#stream.bodyWanted();
  }

  spendTurn(): boolean {
    return this.#stream.context.spendTurn();
  }

  setTimeouts(timeouts: Timeouts): void {
    this.#stream.setTimeouts(timeouts);
  }

  openTunnel(): Upgraded {
    return this.#stream.openTunnel();
  }

  responseBroken(): void {
    this.#stream.responseBroken();
  }

  afterFlush(callback: () => void): void {
    this.#stream.context.afterFlush(callback);
  }

  handlerFailed(error: unknown): void {
    this.#stream.context.handlerFailed(error);
  }

  handlerSettled(): void {
    this.#stream.handlerSettled();
  }
}

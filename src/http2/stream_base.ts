/**
 * What a stream has of its request and of its connection, as its exchange, its response and its input ask for it.
 */
import type { Connection } from "../api/transport.ts";
import type { ForwardedRequest, RequestFields } from "../core/protocol.ts";
import { Http2Exchange } from "./http2_exchange.ts";
import { type Priority, priorityOf } from "./priority.ts";
import type { StreamContext } from "./stream_context.ts";

/** A stream, without its states; `Stream` is the class with them. */
export abstract class StreamBase<Stream> {
  id = 0;
  /** Among those that wait for the connection. */
  isQueued = false;
  /** How long the connection may idle after it, where its handler has said so, in milliseconds. */
  idleTimeout: number | undefined = undefined;
  /** What it shares with the other streams of its connection. */
  context!: StreamContext<Stream>;
  readonly exchange: Http2Exchange = new Http2Exchange();
  #priority: Priority | null = null;

  /** Another request begins. */
  protected beginRequest(context: StreamContext<Stream>, id: number): void {
    this.id = id;
    this.context = context;
    this.idleTimeout = undefined;
    this.#priority = null;
  }

  // Of its request.

  get method(): string {
    return this.exchange.head.method;
  }

  get protocol(): string | null {
    return this.exchange.head.protocol;
  }

  /** By the request's field, or by a PRIORITY_UPDATE. */
  get priority(): Priority {
    return this.#priority ??= priorityOf(this.exchange.head.fields.get("priority"));
  }

  set priority(priority: Priority) {
    this.#priority = priority;
  }

  // Of its connection.

  get connection(): Connection {
    return this.context.facade;
  }

  get isSecure(): boolean {
    return this.context.isSecure;
  }

  get draining(): AbortSignal {
    return this.context.draining;
  }

  forwarded(fields: RequestFields): ForwardedRequest | null {
    return this.context.forwarded(fields);
  }

  spendTurn(): boolean {
    return this.context.spendTurn();
  }

  handlerFailed(error: unknown): void {
    this.context.engine.observer.handlerFailed(error);
  }

  headWritten(closes: boolean): void {
    if (closes) this.context.owner.closeRequested();
  }

  giveWindow(increment: number): void {
    this.context.giveWindow(this.id, increment);
  }

  unreadChanged(change: number): void {
    this.context.unreadChanged(change);
  }
}

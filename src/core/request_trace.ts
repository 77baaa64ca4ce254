/**
 * A request as tracers see it. None is made while no tracer listens.
 */
import type { TracedRequest } from "../api/diagnostics.ts";
import { ProtocolError } from "../api/errors.ts";
import type { Connection } from "../api/transport.ts";
import type { Clock } from "./clock.ts";
import type { RequestView } from "./protocol.ts";

/** Publishes requests. */
export interface Tracer {
  /** Whether a listener is subscribed. */
  readonly isObserved: boolean;
  /** Publishes the start of a request, and calls `run` in the context that listeners have made for it. */
  start<T>(request: TracedRequest, run: () => T): T;
  /** Publishes its end. */
  end(request: TracedRequest): void;
}

/** What a trace reads of its connection. */
export interface TracedConnection {
  /** What users hold of it. */
  readonly connection: Connection;
  /** Bytes that were written so far. */
  readonly bytesAppended: number;
}

/** The trace of one request. */
export class RequestTrace implements TracedRequest {
  readonly connection: Connection;
  readonly method: string | undefined;
  readonly target: string | undefined;
  readonly startTime: number;
  endTime: number | undefined = undefined;
  status: number | undefined = undefined;
  bytesReceived = 0;
  bytesSent = 0;
  error: unknown = undefined;
  readonly #tracer: Tracer;
  readonly #clock: Clock;
  readonly #connection: TracedConnection;
  readonly #appendedBefore: number;
  #head: RequestView | null;

  /** Of a request whose head was read; or of one that has none, with `null`. */
  constructor(tracer: Tracer, clock: Clock, connection: TracedConnection, head: RequestView | null) {
    this.#tracer = tracer;
    this.#clock = clock;
    this.#connection = connection;
    this.#appendedBefore = connection.bytesAppended;
    this.#head = head;
    this.connection = connection.connection;
    this.method = head?.method;
    this.target = head?.target;
    this.startTime = clock.now();
  }

  header(name: string): string | null {
    return this.#head?.fields.get(name.toLowerCase()) ?? null;
  }

  /** Publishes its start, and calls `run` in the context of the listeners. */
  start<T>(run: () => T): T {
    return this.#tracer.start(this, run);
  }

  /** It is over; `status` is 0 where nothing was responded, and `error` what has ended it. */
  end(status: number, bytesReceived: number, error?: unknown): void {
    this.error ??= error;
    // Unanswered: the engine sends the error's status.
    const answered = status === 0 && error instanceof ProtocolError ? error.status : status;
    this.status = answered === 0 ? undefined : answered;
    this.bytesReceived = bytesReceived;
    this.bytesSent = this.#connection.bytesAppended - this.#appendedBefore;
    this.endTime = this.#clock.now();
    this.#head = null;
    // Not from inside of the engine: listeners may do anything with the connection.
    queueMicrotask(() => this.#tracer.end(this));
  }
}

/**
 * What happens in a run, as plain data: made of a seed, printed when the run fails, and made smaller by leaving
 * parts out. Every part of it can be left out alone: what it names are ids, not indices. Times are milliseconds
 * and sizes bytes.
 */

import type { Http2Step, Http2Ways } from "./http2_plan.ts";

/** A run. */
export interface Plan {
  readonly seed: number;
  /** Which kind of handler answers. */
  readonly kind: "exchange" | "fetch";
  /** Options of the server that are not the simulation's defaults. */
  readonly options: readonly (readonly [name: string, value: number | boolean])[];
  /** Options of HTTP/2; `null` where the server does not speak it. */
  readonly http2: readonly (readonly [name: string, value: number])[] | null;
  readonly callbacks: readonly CallbackPlan[];
  readonly clients: readonly ClientPlan[];
  readonly operator: readonly OperatorAct[];
}

/** What a callback of the user's does each time from its `from`th call on. */
export interface CallbackPlan {
  readonly name: "onStateChange" | "onError" | "onRefused";
  readonly from: number;
  readonly does: "throws" | "rejects" | "never settles" | "closes" | "shuts down" | "closes all" | "answers";
}

/** What the operator does at some time. */
export interface OperatorAct {
  readonly at: number;
  readonly does: "shutdown" | "close" | "keepAlive off" | "keepAlive on" | "close one" | "shutdown one";
  /** Of `shutdown`: its `timeout`, and its `idleGrace`; of one connection: which client's. */
  readonly timeout: number;
  readonly idleGrace: number;
  readonly client: number;
}

/** A client: one connection, on a transport with its own ways. */
export interface ClientPlan {
  readonly id: number;
  /** When it connects. */
  readonly at: number;
  /** Its address: the last byte of an IP address, 0 for none. */
  readonly address: number;
  readonly transport: TransportPlan;
  /** How it speaks HTTP/2; `null` where it speaks HTTP/1.1. */
  readonly http2: Http2Ways | null;
  readonly steps: readonly ClientStep[];
  /** How it goes, at the end of the run at the latest. */
  readonly leaves: "reset" | "end" | "vanish";
}

/** How a transport behaves. */
export interface TransportPlan {
  /** How many bytes the system takes before the client reads them. */
  readonly room: number;
  /** How long a byte is on its way to the client. */
  readonly latency: number;
  /** How much later than it could the transport says that it has drained. */
  readonly drainDelay: number;
  /** Says `false` although it took everything, and `drained` a moment later. */
  readonly isLazy: boolean;
  /** Delivers one more chunk after `pause`. */
  readonly lateChunk: boolean;
  /** Does not tell of a reset while it is paused, unless it is probed. */
  readonly hidesResets: boolean;
  /** The engine may keep the memory of what is delivered. */
  readonly givesMemory: boolean;
  readonly faults: readonly TransportFault[];
}

/** What a transport does from inside of a call, the `after`th of its kind. */
export interface TransportFault {
  readonly inside: "start" | "write" | "end" | "pause" | "resume";
  readonly after: number;
  readonly does: "break" | "close" | "receiveEnd" | "drained" | "receive";
}

/** What a client does, one step after another: those of the other version's clients are none of its. */
export type ClientStep =
  | Http2Step
  | {
    readonly do: "send";
    readonly request: RequestPlan;
    /** How many bytes of it are sent, and nothing behind them; `null` for all. */
    readonly part: number | null;
    /** Goes in one piece with the request that is sent next. */
    readonly joins: boolean;
    /** Sizes of the pieces, again and again; none for one piece. */
    readonly cuts: readonly number[];
    /** Between two pieces; -1 for none at all. */
    readonly gap: number;
  }
  | { readonly do: "junk"; readonly text: string }
  | { readonly do: "wait"; readonly ms: number }
  /** Waits until everything was answered, but not for longer than this. */
  | { readonly do: "answers"; readonly ms: number }
  | { readonly do: "stop reading" }
  | { readonly do: "read on" }
  | { readonly do: "end" }
  | { readonly do: "reset" };

/** The request that a step sends, if it sends one. */
export function requestOf(step: ClientStep): RequestPlan | null {
  return "request" in step ? step.request : null;
}

/** A request. */
export interface RequestPlan {
  readonly id: number;
  readonly method: string;
  readonly minor: 0 | 1;
  readonly fields: readonly (readonly [name: string, value: string])[];
  readonly body: BodyPlan | null;
  /** What is wrong with it, if anything is. */
  readonly defect: string | null;
  readonly handler: HandlerPlan;
}

/** A request's body. */
export interface BodyPlan {
  readonly length: number;
  /** Sizes of the chunks, again and again; `null` with a Content-Length. */
  readonly chunks: readonly number[] | null;
  readonly trailers: boolean;
  /** Waits for 100, but not for longer than this; `null` where it expects none. */
  readonly expects: number | null;
}

/** What a handler does with a request. */
export interface HandlerPlan {
  /**
   * - `plain`: returns nothing where it never waits, else a promise
   * - `callback`: returns nothing, and goes on later
   * - `thenable`: returns an object that calls back at once
   * - `twice`: returns an object that calls back twice
   */
  readonly returns: "plain" | "callback" | "thenable" | "twice";
  /** Whether it catches what the engine throws at it, and goes on. */
  readonly catches: boolean;
  readonly acts: readonly Act[];
}

/** How a body is given. */
export type Form = "bytes" | "text" | "wide text" | "nothing";

/** What a handler does, one act after another. */
export type Act =
  /** -1 waits for a microtask. */
  | { readonly act: "wait"; readonly ms: number }
  /** Keeps the processor busy. */
  | { readonly act: "work"; readonly ms: number }
  | { readonly act: "read"; readonly how: ReadHow; readonly pieces: number; readonly awaits: boolean }
  | {
    readonly act: "respond";
    readonly status: number;
    readonly length: number;
    readonly form: Form;
    readonly close: boolean;
    /** A field that cannot travel. */
    readonly bad: boolean;
  }
  /** `declared` is its content-length; `null` for none. */
  | { readonly act: "start"; readonly declared: number | null }
  | { readonly act: "write"; readonly length: number; readonly text: boolean; readonly patient: boolean }
  | { readonly act: "end"; readonly trailers: boolean }
  | { readonly act: "interim" }
  | { readonly act: "throw" }
  | { readonly act: "never" }
  | { readonly act: "close" }
  | { readonly act: "shutdown" }
  | { readonly act: "abort" }
  | { readonly act: "timeouts"; readonly name: string; readonly ms: number }
  | { readonly act: "upgrade"; readonly silent: boolean; readonly writes: number; readonly ends: TunnelEnd }
  /** Listens to a signal, and does this when it aborts. */
  | {
    readonly act: "listen";
    readonly to: "signal" | "draining";
    readonly then: "nothing" | "close" | "answer";
  }
  /** Starts other acts that run beside. */
  | { readonly act: "beside"; readonly acts: readonly Act[] }
  // Of fetch handlers: what they return.
  | {
    readonly act: "return";
    readonly made: "fast" | "native" | "nothing" | "number";
    readonly status: number;
    readonly body: FetchBody;
    readonly trailers: boolean;
    /** A content-length that is this much too long; `null` for none. */
    readonly lengthOff: number | null;
  };

/** How a request body is read. */
export type ReadHow = "bytes" | "text" | "json" | "pieces" | "stream";

/** How a tunnel ends on our side. */
export type TunnelEnd = "closes" | "aborts" | "reads to the end" | "cancels" | "leaves it";

/** The body of a `Response`. */
export type FetchBody =
  | { readonly of: Form; readonly length: number }
  | {
    readonly of: "stream" | "generator";
    /** A chunk's size, 0 for an empty one; each after so long, -1 for at once. */
    readonly chunks: readonly (readonly [length: number, after: number])[];
    readonly ends: "closes" | "errors" | "never";
  };

/** A GET without anything of note, whose handler does `acts`. */
export function plainRequest(id: number, acts: readonly Act[]): RequestPlan {
  return {
    id,
    method: "GET",
    minor: 1,
    fields: [],
    body: null,
    defect: null,
    handler: { returns: "plain", catches: true, acts },
  };
}

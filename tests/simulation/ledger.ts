/**
 * What was asked and answered, by request: handlers write down what they did, and clients compare what they got
 * with it. So each byte of a response is known to be right, and to belong to its request.
 */
import type { RequestPlan } from "./plan.ts";
import { nameOf } from "./request_writer.ts";

/** What requests are called that are a part of a violation, and of no interest. */
export const STRANGER: string = "nobody";

/** What a handler has answered, or begun to. */
export class Answer {
  /** What the handler has answered: nothing, some of the body, or all of it. */
  phase: "unanswered" | "streaming" | "complete" = "unanswered";
  status = 0;
  /** The body, or its beginning. */
  body: (from: number, to: number) => Uint8Array = nothing;
  /** The body's length so far. */
  length = 0;
  /** The stream that it is made of: nobody has touched it, somebody reads it, or it was cancelled. */
  source: "untouched" | "read" | "cancelled" = "untouched";
  /** Whether the answer ends in trailers. */
  trailers = false;
}

/** What is known of one request. */
export class Entry {
  readonly client: number;
  readonly request: RequestPlan;
  /** How often its handler was called. */
  calls = 0;
  /** The answer; where a handler makes several responses, the one that is sent. */
  answer: Answer = new Answer();
  /** The handler has failed, so that 500 may come instead, or the response may be cut off. */
  failed = false;
  /** Whether the handler waits for the request's body. */
  isReading = false;
  /** The handler's signal, where it has asked for it. */
  signal: AbortSignal | null = null;
  /** Whether the engine has the answer: a `fetch` handler may have made it, and not returned it. */
  isReturned = true;
  /** It was handed over to another protocol, over which so many bytes of its content are sent. */
  upgraded = false;
  /** Whether all of the request was sent, and nothing is wrong with it. */
  isSent = false;
  /** The handler has not touched the body. */
  bodyUntouched = true;
  /** Whether the asynchronous handler has not ended. */
  isRunning = false;
  /** Whether its client has reset its stream, or the server has. */
  isReset = false;
  /** Bytes of the head and of the body, as they are sent. */
  headLength = 0;
  bodyLength = 0;

  constructor(client: number, request: RequestPlan) {
    this.client = client;
    this.request = request;
  }

  /** How it is called where a fault is told. */
  get name(): string {
    return nameOf(this.client, this.request.id);
  }
}

function nothing(): Uint8Array {
  return new Uint8Array(0);
}

/** All that is known. */
export class Ledger {
  readonly #entries = new Map<string, Entry>();
  /** How many requests were handled that are parts of violations. */
  strangers = 0;

  /** A request that is going to be sent. */
  open(client: number, request: RequestPlan): Entry {
    const entry = new Entry(client, request);
    this.#entries.set(entry.name, entry);
    return entry;
  }

  /** The request of this name, if it was sent. */
  find(name: string): Entry | undefined {
    return this.#entries.get(name);
  }
}

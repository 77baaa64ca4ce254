/**
 * How a connection ends without losing a request (RFC 9113 §6.8): the first GOAWAY names no stream, since the client may
 * have opened some that are on their way, and a PING behind it tells when it has got that. The second GOAWAY names the last
 * stream that is served; the connection is closed when all of them are over.
 *
 * | state       | new streams are      | until                                                        |
 * |-------------|----------------------|--------------------------------------------------------------|
 * | `open`      | taken                | it is to end: `announced`; at once: `over`                   |
 * | `announced` | taken                | the PING is answered, or a grace is over: `final`            |
 * | `final`     | passed over          | all streams are over, and it is left: `over`                 |
 * | `over`      | passed over          |                                                              |
 */
import type { CloseReason } from "../api/transport.ts";
import { Deadline, type DeadlineOwner } from "../core/deadline_queue.ts";
import type { Engine } from "../core/engine.ts";
import type { ByteWriter } from "../wire/byte_writer.ts";
import { FLAG, MAX_UINT31, writeGoaway, writePing } from "./frame.ts";
import { ERROR, type ErrorCode } from "./http2_error.ts";

/** How long the answer to the PING is waited for, where nothing else is told, in milliseconds. */
const GRACE_MS = 1_000;

/** Tells this PING from those of others. */
const ANNOUNCEMENT = new TextEncoder().encode("goaway 1");

/** The connection. */
export interface GoingAwayOwner {
  /** The highest stream that the client has opened. */
  readonly lastStream: number;
  /** Whether streams are under way. */
  readonly hasStreams: boolean;
  /** Where to write. */
  acquire(): ByteWriter;
  /** All that is to be served was: closes the connection. */
  leave(reason: CloseReason): void;
}

/** The end of one connection. */
export class GoingAway implements DeadlineOwner {
  readonly #owner: GoingAwayOwner;
  readonly #engine: Engine;
  #state: "open" | "announced" | "final" | "over" = "open";
  #reason: CloseReason = "shutdown";
  /** The last stream that is served, as it was told; it must not rise any more. */
  #last = MAX_UINT31;
  /** Whether a request was under way since it was announced. */
  #wasActive = false;
  #deadline: Deadline | null = null;

  /** Of `owner`. */
  constructor(owner: GoingAwayOwner, engine: Engine) {
    this.#owner = owner;
    this.#engine = engine;
  }

  /**
   * The connection is to end because of `reason`; the client has `grace` milliseconds to get to know, 0 for some. Answers
   * whether it was not told before.
   */
  announce(reason: CloseReason, grace: number): boolean {
    if (this.#state !== "open") return false;
    this.#state = "announced";
    this.#reason = reason;
    this.#wasActive = this.#owner.hasStreams;
    const out = this.#owner.acquire();
    writeGoaway(out, MAX_UINT31, ERROR.noError, "");
    writePing(out, FLAG.none, ANNOUNCEMENT);
    this.#deadline = new Deadline(this);
    const { deadlines, now } = this.#engine;
    deadlines.arm(this.#deadline, grace || GRACE_MS, now);
    return true;
  }

  /** The client has answered a PING. */
  pingAnswered(data: Uint8Array): void {
    if (this.#state === "announced" && ANNOUNCEMENT.every((octet, i) => octet === data[i])) {
      this.#sendFinalGoaway();
    }
  }

  expired(): void {
    this.#sendFinalGoaway();
  }

  /** Names the last stream that is served. */
  #sendFinalGoaway(): void {
    this.#disarm();
    this.#state = "final";
    this.#sendGoaway(ERROR.noError, "");
    if (!this.#owner.hasStreams) this.#leave();
  }

  #sendGoaway(code: ErrorCode, reason: string): void {
    this.#last = Math.min(this.#last, this.#owner.lastStream);
    writeGoaway(this.#owner.acquire(), this.#last, code, reason);
  }

  #leave(): void {
    this.#owner.leave(this.#reasonToLeave);
  }

  /** Whether a stream that the client opens is served. */
  takesStream(): boolean {
    if (this.#state === "final" || this.#state === "over") return false;
    this.#wasActive = true;
    return true;
  }

  /** Whether the client was told that stream `id` is not served. */
  isPassedOver(id: number): boolean {
    return id > this.#last;
  }

  /** Why it is to end, once no stream is under way; `null` where it was not announced. */
  get announcedReason(): CloseReason | null {
    return this.#state === "announced" ? this.#reasonToLeave : null;
  }

  get #reasonToLeave(): CloseReason {
    return this.#reason === "shutdown" && !this.#wasActive ? "shutdown_idle" : this.#reason;
  }

  /** No stream is under way any more. */
  streamsOver(): void {
    if (this.#state === "final") this.#leave();
  }

  /** The client has half-closed, and opens no stream any more: no GOAWAY is needed. */
  clientGone(): void {
    if (this.#state === "over") return;
    this.#disarm();
    this.#state = "final";
    this.#reason = "client_gone";
    if (!this.#owner.hasStreams) this.#leave();
  }

  /** It ends now: tells the client why, and which stream was the last, unless it was told so already. */
  end(code: ErrorCode, reason: string): void {
    this.#disarm();
    const wasTold = this.#state === "over" || (this.#state === "final" && code === ERROR.noError);
    this.#state = "over";
    if (!wasTold) this.#sendGoaway(code, reason);
  }

  /** The connection is closed: no GOAWAY is sent any more, whatever calls `announce` or `end` after that. */
  stop(): void {
    this.#disarm();
    this.#state = "over";
  }

  #disarm(): void {
    if (this.#deadline !== null) this.#engine.deadlines.disarm(this.#deadline);
  }
}

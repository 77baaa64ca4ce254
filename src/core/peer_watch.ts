/**
 * Detects a client that has vanished silently while a handler runs: one that has half-closed may have closed
 * altogether, and one that is paused, since more than `highWaterMark` of its bytes wait, is not read from. It is
 * presumed gone when its exchange makes no progress for `requestTimeout`, or when a stream to a half-closed
 * client pauses for a second; until then the transport is probed for a reset.
 */
import { Deadline, type DeadlineOwner } from "./deadline_queue.ts";
import type { Engine } from "./engine.ts";

/** How often the transport is asked for a reset, in milliseconds. One system call each time. */
const PROBE_INTERVAL = 1_000;

/** Whose peer is watched. */
export interface PeerWatchOwner {
  /** Grows with each byte that the handler has taken or given. */
  readonly progress: number;
  /** For how long nothing may move until the client is given up, in milliseconds; 0 for ever. */
  readonly progressTimeout: number;
  /** Asks the transport whether the peer has reset it. */
  probePeer(): void;
  /** The client must be taken to be gone. */
  peerPresumedGone(): void;
}

/** The watch of one connection; armed only while its client cannot be heard. */
export class PeerWatch implements DeadlineOwner {
  readonly #owner: PeerWatchOwner;
  readonly #engine: Engine;
  readonly #deadline: Deadline = new Deadline(this);
  /** The progress that was seen last, and when it was seen first. */
  #progress = 0;
  #since = 0;

  /** Watches nothing yet. */
  constructor(owner: PeerWatchOwner, engine: Engine) {
    this.#owner = owner;
    this.#engine = engine;
  }

  /** Watches, unless it does already. */
  start(): void {
    if (this.#deadline.armed) return;
    this.#progress = this.#owner.progress;
    this.#since = this.#engine.now;
    this.#arm();
  }

  /** The client can be heard again, or need not be. */
  stop(): void {
    this.#engine.deadlines.disarm(this.#deadline);
  }

  expired(): void {
    const { now } = this.#engine;
    const { progress, progressTimeout } = this.#owner;
    if (progress !== this.#progress) {
      this.#progress = progress;
      this.#since = now;
    } else if (progressTimeout > 0 && now - this.#since >= progressTimeout) {
      return this.#owner.peerPresumedGone();
    }
    this.#arm();
    this.#owner.probePeer();
  }

  #arm(): void {
    this.#engine.deadlines.arm(this.#deadline, PROBE_INTERVAL, this.#engine.now);
  }
}

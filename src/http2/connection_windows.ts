/**
 * The connection's side of receiving (RFC 9113 §5.2, §6.9): its window is given back as octets come, whether they are read
 * or not, so that a handler that does not read cannot keep others from theirs. What waits for readers is bounded.
 */
import { MAX_UINT31 } from "./frame.ts";
import { DEFAULT_WINDOW } from "./settings.ts";

/** Octets that may wait for their readers on all streams of a connection before it gets no more. */
const MAX_UNREAD = 4 * 1024 * 1024;
/** What of the window is given back at a time. */
const SHARE = 4;

/** The window of one connection. */
export class ConnectionWindows {
  /** Octets that wait for their readers. */
  unread = 0;
  readonly #size: number;
  #window: number;
  #taken = 0;

  /** For streams whose windows grow to `maxWindow`: two of them may be open wide at a time, as far as a window allows. */
  constructor(maxWindow: number) {
    this.#size = this.#window = Math.min(Math.max(DEFAULT_WINDOW, 2 * maxWindow), MAX_UINT31);
  }

  /** What the client is to be given at first, beyond what it has anyway. */
  get opening(): number {
    return this.#size - DEFAULT_WINDOW;
  }

  /** DATA of so many octets has come, padding included; answers `false` where the window is smaller. */
  receive(count: number): boolean {
    this.#window -= count;
    this.#taken += count;
    return this.#window >= 0;
  }

  /** Whether the client is given no more, since the handlers do not read what there is. */
  get isWithheld(): boolean {
    return this.unread > MAX_UNREAD;
  }

  /** What is to be given back now; 0 while that is little, or much is unread. */
  increment(): number {
    if (this.#taken < this.#size / SHARE || this.isWithheld) return 0;
    const increment = this.#taken;
    this.#taken = 0;
    this.#window += increment;
    return increment;
  }
}

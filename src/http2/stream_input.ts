/**
 * What one stream receives behind its head: DATA, which the body's reader gets as it wants it. What it does not want yet
 * is kept, and is bounded by the stream's window, which is given back as the reader takes octets (RFC 9113 §5.2, §6.9). The
 * window grows while the reader keeps up: a small one limits the rate to what fits into a round trip.
 */
import { ReceiveBuffer } from "../core/receive_buffer.ts";

/** What of a window is given back at a time: with a quarter of it, three quarters are always on their way. */
const SHARE = 4;

/** What the octets go to: a request's body, or a tunnel. */
export interface InputReader {
  /** Whether more would be taken now. */
  readonly wanted: boolean;
  /** Takes `bytes[start, end)`, as far as it wants them; answers where it stopped. */
  feed(bytes: Uint8Array, start: number, end: number): number;
  /** No more will come. */
  end(trailers: Iterable<[string, string]> | null): void;
}

/** The stream. */
export interface InputOwner {
  readonly id: number;
  /** Gives the client more of a window, and knows what is unread on all streams. */
  readonly context: {
    giveWindow(id: number, increment: number): void;
    unreadChanged(change: number): void;
  };
}

/** The input of one stream, reusable. */
export class StreamInput {
  /** Octets that the client may still send. */
  window = 0;
  /** Whether the client has ended the stream. */
  hasEnded = false;
  /** Whether it ends the stream with the frame that is being received, so that it needs no more of the window. */
  isEnding = false;
  readonly #owner: InputOwner;
  #reader!: InputReader;
  /** The window when nothing is on its way, and the largest that it may become. */
  #size = 0;
  #maxSize = 0;
  /** What the client has told with `content-length`, and octets of the body that have come, or are in the frame at hand. */
  #contentLength: number | undefined = undefined;
  #length = 0;
  /** Octets that were taken and not given back. */
  #taken = 0;
  #unread: ReceiveBuffer | null = null;
  #trailers: Iterable<[string, string]> | null = null;
  #isDropped = false;
  /** Re-entrancy guard: a reader may ask for more from inside of `feed`. */
  #isFeeding = false;

  /** Of `owner`. */
  constructor(owner: InputOwner) {
    this.#owner = owner;
  }

  /**
   * Makes ready for a stream with a window of `size` octets, which may grow to `maxSize`. `reader` gets a body of
   * `contentLength` octets, where the client has told so.
   */
  begin(
    reader: InputReader,
    size: number,
    maxSize: number,
    contentLength: number | undefined,
    hasEnded: boolean,
  ): void {
    this.#reader = reader;
    this.#contentLength = contentLength;
    this.#length = 0;
    this.window = this.#size = size;
    this.#maxSize = maxSize;
    this.#taken = 0;
    this.#unread = null;
    this.#trailers = null;
    this.#isDropped = false;
    this.hasEnded = this.isEnding = hasEnded;
  }

  /** Whether the rest may come, as far as can be told, without more of the window, and in no more than `budget` octets. */
  mayEndWithin(budget: number): boolean {
    const room = Math.min(this.window, budget);
    return this.#contentLength === undefined ? room > 0 : this.#contentLength - this.#length <= room;
  }

  /** DATA of `count` octets, padding aside, is about to come; answers `false` where `content-length` tells otherwise. */
  expect(count: number, endsStream: boolean): boolean {
    this.#length += count;
    if (this.#contentLength === undefined) return true;
    return endsStream ? this.#length === this.#contentLength : this.#length <= this.#contentLength;
  }

  /**
   * Takes octets of the body.
   *
   * @throws {ProtocolError} where the body becomes too large
   */
  receive(bytes: Uint8Array, start: number, end: number): void {
    if (this.#isDropped) return this.#give(end - start);
    const at = this.#unread === null && this.#reader.wanted ? this.#reader.feed(bytes, start, end) : start;
    this.#give(at - start);
    if (at === end || this.#isDropped) return;
    (this.#unread ??= new ReceiveBuffer()).append(bytes, at, end);
    this.#owner.context.unreadChanged(end - at);
  }

  /** The client knows our SETTINGS, by which its window changes by `change`, maybe to less than 0 (RFC 9113 §6.9.2). */
  resize(change: number): void {
    this.window += change;
    this.#size += change;
    this.#give(0);
  }

  /** Padding counts for the windows, too (RFC 9113 §6.1). */
  receivePadding(count: number): void {
    this.#give(count);
  }

  /** The client has ended the stream, with these trailers. */
  end(trailers: Iterable<[string, string]> | null): void {
    this.hasEnded = this.isEnding = true;
    this.#trailers = trailers;
    if (this.#unread === null) this.#reader.end(trailers);
  }

  /**
   * The reader wants more: gives it what is kept.
   *
   * @throws {ProtocolError} where the body becomes too large
   */
  resume(): void {
    const unread = this.#unread;
    if (unread === null || this.#isFeeding) return;
    this.#isFeeding = true;
    try {
      while (unread.length > 0 && this.#reader.wanted) {
        const { bytes, start, end } = unread;
        const at = this.#reader.feed(bytes, start, end);
        if (this.#unread !== unread) return; // its reader has ended the stream
        unread.consumeTo(at);
        this.#owner.context.unreadChanged(start - at);
        this.#give(at - start);
      }
    } finally {
      this.#isFeeding = false;
    }
    if (unread.length > 0) return;
    this.#unread = null;
    if (this.hasEnded) this.#reader.end(this.#trailers);
  }

  /** `reader` gets what is kept, and what comes. */
  moveTo(reader: InputReader): void {
    this.#reader = reader;
    if (this.#unread === null && this.hasEnded) reader.end(null);
  }

  /** Nothing reads it any more: what is kept is dropped, and what comes is. */
  drop(): void {
    this.#isDropped = true;
    this.takeUnread();
  }

  /** What was kept, if anything, and is no more. */
  takeUnread(): ReceiveBuffer | null {
    const unread = this.#unread;
    this.#unread = null;
    if (unread !== null) this.#owner.context.unreadChanged(-unread.length);
    return unread;
  }

  #give(count: number): void {
    if (this.isEnding) return;
    this.#taken += count;
    if (this.#taken < this.#size / SHARE || this.#isDropped) return;
    let increment = this.#taken;
    this.#taken = 0;
    // A reader that has taken all at once, before the client had to wait, keeps up, too: much may come in one piece.
    const isTaken = this.#unread?.length === 0 && this.window >= this.#size / SHARE;
    const keepsUp = this.#unread === null || isTaken;
    if (keepsUp && this.#size < this.#maxSize) {
      const larger = Math.min(2 * this.#size, this.#maxSize);
      increment += larger - this.#size;
      this.#size = larger;
    }
    this.window += increment;
    this.#owner.context.giveWindow(this.#owner.id, increment);
  }
}

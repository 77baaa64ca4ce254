/**
 * Reads frames (RFC 9113 §4, §6), and checks what can be told of one by itself: that it has the right size, on a stream or
 * on none, in its order. DATA is handed on in parts as it comes; everything else is read once all of it is here.
 *
 * | state      | reads                                  | until                                            |
 * |------------|----------------------------------------|--------------------------------------------------|
 * | `settings` | SETTINGS, which comes first (§3.4)     | it was read: `frames`                            |
 * | `frames`   | a frame                                | HEADERS without END_HEADERS: `block`; DATA: `data` |
 * | `block`    | CONTINUATION of that stream            | END_HEADERS: `frames`                            |
 * | `data`     | the payload of DATA, and its padding   | the frame ends: `frames`                         |
 */
import { FieldBlock } from "./field_block.ts";
import { FLAG, FRAME, FRAME_HEAD, MAX_FRAME_SIZE, uint31 } from "./frame.ts";
import { ERROR, Http2ConnectionError } from "./http2_error.ts";

/** DATA frames in a row without an octet, which cost work and bring nothing (CVE-2019-9518). */
const MAX_EMPTY_DATA = 100;
/** Octets of DATA frames may be so many times those of bodies, … */
const MAX_OVERHEAD = 8;
/** … as if these had so many octets more: small frames are what event streams and gRPC send. */
const FREE_OVERHEAD = 1024 * 1024;

/** Where a frame's head tells its type. */
const TYPE_AT = 3;

/** What PRIORITY has, and HEADERS before its field block (RFC 9113 §6.2, §6.3): deprecated, and passed over. */
const PRIORITY_OCTETS = 5;

/** What takes frames of streams, and what holds for them. */
export interface StreamFrames {
  /** A whole field block: a request's head, or trailers. */
  block(stream: number, endsStream: boolean, bytes: Uint8Array, start: number, end: number): void;
  /** DATA begins: `length` octets, of which `count` are of the body. */
  dataBegins(stream: number, length: number, count: number, endsStream: boolean): void;
  /** A part of the body. */
  dataPart(bytes: Uint8Array, start: number, end: number): void;
  /** The frame has ended. */
  dataEnds(): void;
  /** RST_STREAM. */
  rstStream(stream: number): void;
  /** The payload of SETTINGS. */
  settings(bytes: Uint8Array, start: number, end: number): void;
  /** WINDOW_UPDATE; `stream` 0 is the connection. */
  windowUpdate(stream: number, increment: number): void;
  /** PRIORITY_UPDATE: `field` is a Priority field. */
  priorityUpdate(stream: number, field: string): void;
}

/** What takes frames of the connection alone. */
export interface ConnectionFrames {
  /** Whether what is answered may be read: the client takes answers. */
  acceptsAnswers(): boolean;
  /** Counts a frame as work. */
  frameRead(): void;
  /** The acknowledgement of our SETTINGS. */
  settingsAcknowledged(): void;
  /** PING, or the answer to one. */
  ping(isAnswer: boolean, data: Uint8Array): void;
}

/** Reads the frames of one connection. */
export class FrameReader {
  readonly #streams: StreamFrames;
  readonly #connection: ConnectionFrames;
  readonly #maxHeaderBytes: number;
  #state: "settings" | "frames" | "block" | "data" = "settings";
  #block: FieldBlock | null = null;
  /** Octets of DATA that are to come: of the body, and of the padding behind it. */
  #bodyLeft = 0;
  #paddingLeft = 0;
  /** Whether some of a frame has come that is read once all of it is here, and whether it is known to be HEADERS. */
  #isPartial = false;
  #isHeaders = false;
  #emptyData = 0;
  /** Octets of DATA frames, and of bodies in them. */
  #dataOctets = 0;
  #bodyOctets = 0;

  /** Hands frames to `streams` and `connection`; a field block has up to `maxHeaderBytes` octets, 0 for no such limit. */
  constructor(streams: StreamFrames, connection: ConnectionFrames, maxHeaderBytes: number) {
    this.#streams = streams;
    this.#connection = connection;
    this.#maxHeaderBytes = maxHeaderBytes;
  }

  /** Whether it waits for the rest of a frame other than DATA. */
  get isPartial(): boolean {
    return this.#isPartial;
  }

  /** Whether it waits for the rest of a field block. */
  get readsBlock(): boolean {
    return this.#state === "block" || (this.#isPartial && this.#isHeaders);
  }

  /**
   * Reads a frame, or a part of DATA, from `bytes[start, end)`.
   *
   * @returns where it stopped: at `start` where there is not enough, or nothing may be answered now
   * @throws {Http2ConnectionError} on what is malformed
   */
  read(bytes: Uint8Array, start: number, end: number): number {
    if (this.#state === "data") return this.#readData(bytes, start, end);
    this.#isPartial = start < end;
    this.#isHeaders = end - start > TYPE_AT && bytes[start + TYPE_AT] === FRAME.headers;
    if (end - start < FRAME_HEAD) return start;
    const length = (bytes[start] << 16) | (bytes[start + 1] << 8) | bytes[start + 2];
    const type = bytes[start + TYPE_AT];
    const flags = bytes[start + 4];
    const stream = uint31(bytes, start + 5);
    this.#checkOrder(type, flags, stream, length);
    const payload = start + FRAME_HEAD;
    if (type === FRAME.data) return this.#beginData(bytes, start, end, length, flags, stream);
    if (end - payload < length) return start;
    this.#isPartial = false;
    const isAnswered = type === FRAME.headers ||
      ((type === FRAME.ping || type === FRAME.settings) && (flags & FLAG.ack) === 0);
    if (isAnswered && !this.#connection.acceptsAnswers()) return start;
    this.#dispatch(type, flags, stream, bytes, payload, payload + length);
    this.#connection.frameRead();
    return payload + length;
  }

  #checkOrder(type: number, flags: number, stream: number, length: number): void {
    if (length > MAX_FRAME_SIZE) {
      throw new Http2ConnectionError(ERROR.frameSizeError, "a frame is larger than SETTINGS_MAX_FRAME_SIZE");
    }
    if (this.#state === "block" && (type !== FRAME.continuation || stream !== this.#block!.stream)) {
      throw misplaced("a field block is not followed by its CONTINUATION");
    }
    if (this.#state === "settings" && (type !== FRAME.settings || (flags & FLAG.ack) !== 0)) {
      throw misplaced("the first frame is no SETTINGS");
    }
  }

  #dispatch(
    type: number,
    flags: number,
    stream: number,
    bytes: Uint8Array,
    start: number,
    end: number,
  ): void {
    const length = end - start;
    switch (type) {
      case FRAME.headers:
        return this.#headers(flags, stream, bytes, start, end);
      case FRAME.continuation:
        return this.#continuation(flags, bytes, start, end);
      case FRAME.priority:
        checkStream("PRIORITY", stream, length, PRIORITY_OCTETS);
        return;
      case FRAME.rstStream:
        checkStream("RST_STREAM", stream, length, 4);
        return this.#streams.rstStream(stream);
      case FRAME.settings:
        return this.#settings(flags, stream, bytes, start, end);
      case FRAME.pushPromise:
        throw misplaced("clients do not push");
      case FRAME.ping:
        checkConnection("PING", stream);
        if (length !== 8) throw wrongSize("PING");
        return this.#connection.ping((flags & FLAG.ack) !== 0, bytes.subarray(start, end));
      case FRAME.goaway: // the client opens no more streams, which is of no matter here
        checkConnection("GOAWAY", stream);
        if (length < 8) throw wrongSize("GOAWAY");
        return;
      case FRAME.windowUpdate:
        if (length !== 4) throw wrongSize("WINDOW_UPDATE");
        return this.#streams.windowUpdate(stream, uint31(bytes, start));
      case FRAME.priorityUpdate:
        checkConnection("PRIORITY_UPDATE", stream);
        if (length < 4) throw wrongSize("PRIORITY_UPDATE");
        return this.#streams.priorityUpdate(
          uint31(bytes, start),
          String.fromCharCode(...bytes.subarray(start + 4, end)),
        );
      default: // of an extension that is not known here (RFC 9113 §5.5)
    }
  }

  #headers(flags: number, stream: number, bytes: Uint8Array, start: number, end: number): void {
    if (stream % 2 === 0) throw misplaced("HEADERS of a stream that clients do not open");
    const isPadded = (flags & FLAG.padded) !== 0;
    const from = start + (isPadded ? 1 : 0) + ((flags & FLAG.priority) !== 0 ? PRIORITY_OCTETS : 0);
    if (from > end) throw wrongSize("HEADERS");
    const to = end - (isPadded ? bytes[start] : 0);
    if (from > to) throw misplaced("HEADERS has more padding than payload");
    const endsStream = (flags & FLAG.endStream) !== 0;
    if ((flags & FLAG.endHeaders) !== 0) return this.#streams.block(stream, endsStream, bytes, from, to);
    this.#block = new FieldBlock(stream, endsStream, this.#maxHeaderBytes);
    this.#block.append(bytes, from, to, true);
    this.#state = "block";
  }

  #continuation(flags: number, bytes: Uint8Array, start: number, end: number): void {
    const block = this.#block;
    if (block === null) throw misplaced("CONTINUATION without HEADERS");
    block.append(bytes, start, end, false);
    if ((flags & FLAG.endHeaders) === 0) return;
    this.#block = null;
    this.#state = "frames";
    const { stream, endsStream, bytes: whole } = block;
    this.#streams.block(stream, endsStream, whole, 0, whole.length);
  }

  #settings(flags: number, stream: number, bytes: Uint8Array, start: number, end: number): void {
    checkConnection("SETTINGS", stream);
    if ((flags & FLAG.ack) !== 0) {
      if (start !== end) throw wrongSize("SETTINGS");
      return this.#connection.settingsAcknowledged();
    }
    if (this.#state === "settings") this.#state = "frames";
    this.#streams.settings(bytes, start, end);
  }

  #beginData(
    bytes: Uint8Array,
    start: number,
    end: number,
    length: number,
    flags: number,
    stream: number,
  ): number {
    if (stream === 0) throw misplaced("DATA on stream 0");
    let at = start + FRAME_HEAD;
    let padding = 0;
    if ((flags & FLAG.padded) !== 0) {
      if (length === 0) throw wrongSize("DATA");
      if (at === end) return start;
      padding = bytes[at++];
      if (padding >= length) throw misplaced("DATA has more padding than payload");
    }
    this.#isPartial = false;
    const count = length - padding - (at - start - FRAME_HEAD);
    const endsStream = (flags & FLAG.endStream) !== 0;
    this.#checkUse(FRAME_HEAD + length, count, endsStream);
    this.#bodyLeft = count;
    this.#paddingLeft = padding;
    this.#state = "data";
    this.#streams.dataBegins(stream, length, count, endsStream);
    return this.#readData(bytes, at, end);
  }

  /** Frames that bring next to nothing are work for nothing (CVE-2019-9518, CVE-2019-9511). */
  #checkUse(octets: number, count: number, endsStream: boolean): void {
    if (count > 0 || !endsStream) this.#dataOctets += octets; // one that ends a stream is of use
    this.#bodyOctets += count;
    this.#emptyData = count > 0 || endsStream ? 0 : this.#emptyData + 1;
    const isWaste = this.#dataOctets / MAX_OVERHEAD > this.#bodyOctets + FREE_OVERHEAD;
    if (isWaste || this.#emptyData > MAX_EMPTY_DATA) {
      throw new Http2ConnectionError(
        ERROR.enhanceYourCalm,
        "too many DATA frames that bring next to nothing",
      );
    }
  }

  #readData(bytes: Uint8Array, start: number, end: number): number {
    const count = Math.min(this.#bodyLeft, end - start);
    this.#bodyLeft -= count;
    let at = start + count;
    if (count > 0) this.#streams.dataPart(bytes, start, at);
    if (this.#bodyLeft > 0) return at;
    const skipped = Math.min(this.#paddingLeft, end - at);
    this.#paddingLeft -= skipped;
    at += skipped;
    if (this.#paddingLeft > 0) return at;
    this.#state = "frames";
    this.#streams.dataEnds();
    this.#connection.frameRead();
    return at;
  }
}

function checkStream(frame: string, stream: number, length: number, size: number): void {
  if (stream === 0) throw misplaced(`${frame} on stream 0`);
  if (length !== size) throw wrongSize(frame);
}

function checkConnection(frame: string, stream: number): void {
  if (stream !== 0) throw misplaced(`${frame} on a stream`);
}

function misplaced(message: string): Http2ConnectionError {
  return new Http2ConnectionError(ERROR.protocolError, message);
}

function wrongSize(frame: string): Http2ConnectionError {
  return new Http2ConnectionError(ERROR.frameSizeError, `${frame} has the wrong size`);
}

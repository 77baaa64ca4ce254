/**
 * Reads what a server sends on an HTTP/2 connection, strictly (RFC 9113): anything that a server may not send is a
 * fault. Knows nothing of the engine that it judges.
 */
import { concat } from "../support/bytes.ts";
import { BlockError, HeaderReader } from "./header_reader.ts";
import { FLAG, FRAME_SIZE, HEAD, MAX_31, readUint32, TYPE } from "./http2_frames.ts";

/** The client. */
export interface ReceiverPort {
  settingsCame(values: readonly (readonly [id: number, value: number])[]): void;
  settingsAcknowledged(): void;
  pingCame(data: Uint8Array): void;
  pongCame(data: Uint8Array): void;
  goawayCame(last: number, code: number, text: string): void;
  windowCame(stream: number, increment: number): void;
  headersCame(stream: number, fields: readonly (readonly [string, string])[], endsStream: boolean): void;
  /** DATA, of `length` octets with its padding. */
  dataCame(stream: number, bytes: Uint8Array, length: number, endsStream: boolean): void;
  resetCame(stream: number, code: number): void;
  /** What came is not right. */
  malformed(message: string): void;
}

const NOTHING = new Uint8Array(0);
const decoder = new TextDecoder();

/** The input of one client. */
export class Http2Receiver {
  /** The server answers as if this was HTTP/1.1, which it may before it knows better. */
  http1: string | null = null;
  readonly headers: HeaderReader = new HeaderReader();
  readonly #port: ReceiverPort;
  #bytes: Uint8Array = NOTHING;
  #sawSettings = false;
  #isBroken = false;
  /** A field block of which the end is to come. */
  #block: { readonly stream: number; readonly endsStream: boolean; readonly parts: Uint8Array[] } | null =
    null;

  constructor(port: ReceiverPort) {
    this.#port = port;
  }

  /** Some bytes came. */
  feed(bytes: Uint8Array): void {
    if (this.#isBroken) return;
    this.#bytes = concat([this.#bytes, bytes]);
    if (this.http1 !== null || (!this.#sawSettings && decoder.decode(this.#bytes).startsWith("HTTP/"))) {
      this.http1 = decoder.decode(this.#bytes);
      return;
    }
    while (this.#bytes.length >= HEAD && !this.#isBroken) {
      const length = readUint32(this.#bytes, 0) >>> 8;
      if (length > FRAME_SIZE) return this.#fail(`a frame of ${length} octets`);
      if (this.#bytes.length < HEAD + length) return;
      const frame = this.#bytes.subarray(0, HEAD + length);
      this.#bytes = this.#bytes.subarray(HEAD + length);
      this.#frame(frame[3], frame[4], readUint32(frame, 5), frame.subarray(HEAD));
    }
  }

  /** The server has ended; `isWhole` says whether all that it has written came before. */
  end(isWhole: boolean): void {
    if (this.#isBroken || this.http1 !== null || !isWhole) return;
    if (this.#bytes.length > 0 || this.#block !== null) this.#fail("the end comes in the middle of a frame");
  }

  #fail(message: string): void {
    this.#isBroken = true;
    this.#port.malformed(message);
  }

  #frame(type: number, flags: number, stream: number, payload: Uint8Array): void {
    const { length } = payload;
    if (!this.#sawSettings) {
      if (type !== TYPE.settings || (flags & FLAG.ack) !== 0) {
        return this.#fail("the first frame is no SETTINGS");
      }
      this.#sawSettings = true;
    }
    if (stream > MAX_31) return this.#fail("the reserved bit of a stream is set");
    if ((type === TYPE.continuation) !== (this.#block !== null)) {
      return this.#fail("a field block is interrupted");
    }
    const isOfConnection = type === TYPE.settings || type === TYPE.ping || type === TYPE.goaway;
    if (isOfConnection !== (stream === 0) && type !== TYPE.windowUpdate) {
      return this.#fail(`a frame of type ${type} on stream ${stream}`);
    }
    const port = this.#port;
    switch (type) {
      case TYPE.data: {
        const endsStream = (flags & FLAG.endStream) !== 0;
        if ((flags & FLAG.padded) === 0) return port.dataCame(stream, payload, length, endsStream);
        const end = length - payload[0];
        if (!(end >= 1)) return this.#fail("DATA with more padding than payload");
        return port.dataCame(stream, payload.subarray(1, end), length, endsStream);
      }
      case TYPE.headers:
        if ((flags & (FLAG.padded | FLAG.priority)) !== 0) {
          return this.#fail("HEADERS with padding or priority");
        }
        this.#block = { stream, endsStream: (flags & FLAG.endStream) !== 0, parts: [payload] };
        return this.#endBlock(flags);
      case TYPE.continuation:
        if (stream !== this.#block!.stream) return this.#fail("CONTINUATION of another stream");
        this.#block!.parts.push(payload);
        return this.#endBlock(flags);
      case TYPE.rstStream:
        if (length !== 4) return this.#fail("RST_STREAM of a wrong size");
        return port.resetCame(stream, readUint32(payload, 0));
      case TYPE.settings:
        return this.#settings(flags, payload);
      case TYPE.ping:
        if (length !== 8) return this.#fail("PING of a wrong size");
        return (flags & FLAG.ack) !== 0 ? port.pongCame(payload) : port.pingCame(payload);
      case TYPE.goaway:
        if (length < 8) return this.#fail("GOAWAY of a wrong size");
        return port.goawayCame(
          readUint32(payload, 0),
          readUint32(payload, 4),
          decoder.decode(payload.subarray(8)),
        );
      case TYPE.windowUpdate: {
        const increment = length === 4 ? readUint32(payload, 0) : 0;
        if (increment < 1 || increment > MAX_31) return this.#fail("a malformed WINDOW_UPDATE");
        return port.windowCame(stream, increment);
      }
      default:
        return this.#fail(`a frame of type ${type}`);
    }
  }

  #endBlock(flags: number): void {
    if ((flags & FLAG.endHeaders) === 0) return;
    const { stream, endsStream, parts } = this.#block!;
    this.#block = null;
    try {
      this.#port.headersCame(stream, this.headers.read(concat(parts)), endsStream);
    } catch (error) {
      if (!(error instanceof BlockError)) throw error;
      this.#fail(error.message);
    }
  }

  #settings(flags: number, payload: Uint8Array): void {
    if ((flags & FLAG.ack) !== 0) {
      if (payload.length > 0) return this.#fail("an acknowledgement with settings");
      return this.#port.settingsAcknowledged();
    }
    if (payload.length % 6 !== 0) return this.#fail("SETTINGS of a wrong size");
    const values: [number, number][] = [];
    for (let at = 0; at < payload.length; at += 6) {
      values.push([(payload[at] << 8) | payload[at + 1], readUint32(payload, at + 2)]);
    }
    this.#port.settingsCame(values);
  }
}

/**
 * Frames as a client writes and reads them (RFC 9113 §4.1, §6, §7): shares nothing with the sources.
 */

/** Types of frames. */
export const TYPE = {
  data: 0,
  headers: 1,
  priority: 2,
  rstStream: 3,
  settings: 4,
  pushPromise: 5,
  ping: 6,
  goaway: 7,
  windowUpdate: 8,
  continuation: 9,
  priorityUpdate: 0x10,
  /** One that no RFC knows. */
  unknown: 0xf0,
} as const;

/** Flags of frames. */
export const FLAG = { endStream: 1, ack: 1, endHeaders: 4, padded: 8, priority: 0x20 } as const;

/** Error codes. */
export const CODE = {
  noError: 0,
  protocol: 1,
  internal: 2,
  flowControl: 3,
  settingsTimeout: 4,
  streamClosed: 5,
  frameSize: 6,
  refusedStream: 7,
  cancel: 8,
  compression: 9,
  enhanceYourCalm: 11,
} as const;

/** Settings. */
export const SETTING = {
  headerTableSize: 1,
  enablePush: 2,
  maxConcurrentStreams: 3,
  initialWindowSize: 4,
  maxFrameSize: 5,
  maxHeaderListSize: 6,
  enableConnectProtocol: 8,
  noRfc7540Priorities: 9,
} as const;

/** What a client sends first. */
export const PREFACE: Uint8Array = new TextEncoder().encode("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");

/** Octets of a frame's head. */
export const HEAD = 9;
/** The size of a payload that is always allowed. */
export const FRAME_SIZE = 16_384;
/** The largest window, and the stream that stands for all in a first GOAWAY. */
export const MAX_31 = 0x7fff_ffff;
/** A window before anything is said of it. */
export const FIRST_WINDOW = 65_535;

/** A number in four octets. */
export function uint32(value: number): number[] {
  return [value >>> 24, (value >>> 16) & 0xff, (value >>> 8) & 0xff, value & 0xff];
}

/** The number in the four octets at `at`. */
export function readUint32(bytes: Uint8Array, at: number): number {
  return bytes[at] * 2 ** 24 + (bytes[at + 1] << 16) + (bytes[at + 2] << 8) + bytes[at + 3];
}

/** A frame; `length` is what its head tells, where that is not the payload's. */
export function frame(
  type: number,
  flags: number,
  stream: number,
  payload: ArrayLike<number>,
  length: number = payload.length,
): Uint8Array {
  const bytes = new Uint8Array(HEAD + payload.length);
  bytes.set([length >>> 16, (length >>> 8) & 0xff, length & 0xff, type, flags, ...uint32(stream)]);
  bytes.set(payload, HEAD);
  return bytes;
}

/** `payload` with its padding around it (RFC 9113 §6.1); without any where `padding` is negative. */
export function padded(payload: Uint8Array, padding: number): Uint8Array {
  if (padding < 0) return payload;
  const bytes = new Uint8Array(1 + payload.length + padding);
  bytes[0] = padding;
  bytes.set(payload, 1);
  return bytes;
}

/** The payload of SETTINGS. */
export function settingsPayload(values: readonly (readonly [id: number, value: number])[]): number[] {
  return values.flatMap(([id, value]) => [id >>> 8, id & 0xff, ...uint32(value)]);
}

/** How HEADERS are sent. */
export interface HeadersWay {
  /** Sizes of the frames before the last, which may be empty; none for one frame. */
  readonly splits: readonly number[];
  /** Octets of padding; -1 for none. */
  readonly padding: number;
  /** Whether the deprecated priority fields are there. */
  readonly hasPriority: boolean;
}

/** The way without anything of note. */
export const PLAIN_HEADERS: HeadersWay = { splits: [], padding: -1, hasPriority: false };

/** A field block as HEADERS, and CONTINUATION where it is cut. */
export function headersFrames(
  stream: number,
  block: Uint8Array,
  flags: number,
  { splits, padding, hasPriority }: HeadersWay = PLAIN_HEADERS,
): Uint8Array[] {
  const parts: Uint8Array[] = [];
  let at = 0;
  for (const split of splits) {
    parts.push(block.subarray(at, at + split));
    at = Math.min(block.length, at + split);
  }
  parts.push(block.subarray(at));
  return parts.map((part, i) => {
    const ends = i === parts.length - 1 ? FLAG.endHeaders : 0;
    if (i > 0) return frame(TYPE.continuation, ends, stream, part);
    const priority = hasPriority ? [...uint32(0), 15] : [];
    const own = flags | ends | (hasPriority ? FLAG.priority : 0) | (padding < 0 ? 0 : FLAG.padded);
    return frame(TYPE.headers, own, stream, padded(Uint8Array.from([...priority, ...part]), padding));
  });
}

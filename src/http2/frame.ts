/**
 * Frames (RFC 9113 §4.1, §6): what their heads hold, and how those are written that have no fields and no body.
 */
import type { ByteWriter } from "../wire/byte_writer.ts";

/** Octets of a frame's head. */
export const FRAME_HEAD = 9;

/** Octets of a frame's payload that every peer takes, and that we take (RFC 9113 §4.2). */
export const MAX_FRAME_SIZE = 16_384;

/** The types of frames (RFC 9113 §6, RFC 9218 §7.1). */
export const FRAME = {
  data: 0x0,
  headers: 0x1,
  priority: 0x2,
  rstStream: 0x3,
  settings: 0x4,
  pushPromise: 0x5,
  ping: 0x6,
  goaway: 0x7,
  windowUpdate: 0x8,
  continuation: 0x9,
  priorityUpdate: 0x10,
} as const;

/** The flags of frames; what a bit means depends on the type. */
export const FLAG = {
  none: 0x0,
  /** DATA, HEADERS: the sender's last frame of this stream, CONTINUATION aside. */
  endStream: 0x1,
  /** SETTINGS, PING. */
  ack: 0x1,
  /** HEADERS, CONTINUATION: the field block ends here. */
  endHeaders: 0x4,
  /** DATA, HEADERS. */
  padded: 0x8,
  /** HEADERS: deprecated priority fields follow. */
  priority: 0x20,
} as const;

/** The largest flow-control window, and the largest stream identifier (RFC 9113 §5.1.1, §6.9.1). */
export const MAX_UINT31 = 0x7fff_ffff;

/** The 31 bits at `at`, without the reserved bit before them. */
export function uint31(bytes: Uint8Array, at: number): number {
  return uint32(bytes, at) & MAX_UINT31;
}

/** The 32 bits at `at`. */
export function uint32(bytes: Uint8Array, at: number): number {
  return ((bytes[at] << 24) | (bytes[at + 1] << 16) | (bytes[at + 2] << 8) | bytes[at + 3]) >>> 0;
}

/** Appends a frame's head. */
export function writeFrameHead(
  out: ByteWriter,
  length: number,
  type: number,
  flags: number,
  stream: number,
): void {
  out.reserve(FRAME_HEAD);
  const { bytes, length: at } = out;
  bytes[at] = length >>> 16;
  bytes[at + 1] = length >>> 8;
  bytes[at + 2] = length;
  bytes[at + 3] = type;
  bytes[at + 4] = flags;
  putUint32(bytes, at + 5, stream);
  out.length = at + FRAME_HEAD;
}

function putUint32(bytes: Uint8Array, at: number, value: number): void {
  bytes[at] = value >>> 24;
  bytes[at + 1] = value >>> 16;
  bytes[at + 2] = value >>> 8;
  bytes[at + 3] = value;
}

function writeUint32(out: ByteWriter, value: number): void {
  out.reserve(4);
  putUint32(out.bytes, out.length, value);
  out.length += 4;
}

/** Says over the frame head at `at` that its payload ends here. */
export function endFrame(out: ByteWriter, at: number): void {
  const length = out.length - at - FRAME_HEAD;
  const { bytes } = out;
  bytes[at] = length >>> 16;
  bytes[at + 1] = length >>> 8;
  bytes[at + 2] = length;
}

/** Appends RST_STREAM (RFC 9113 §6.4). */
export function writeRstStream(out: ByteWriter, stream: number, code: number): void {
  writeFrameHead(out, 4, FRAME.rstStream, FLAG.none, stream);
  writeUint32(out, code);
}

/** Appends WINDOW_UPDATE (RFC 9113 §6.9); `stream` 0 is the connection. */
export function writeWindowUpdate(out: ByteWriter, stream: number, increment: number): void {
  writeFrameHead(out, 4, FRAME.windowUpdate, FLAG.none, stream);
  writeUint32(out, increment);
}

/** Appends GOAWAY (RFC 9113 §6.8), with `reason` for people as its debug data. */
export function writeGoaway(out: ByteWriter, lastStream: number, code: number, reason: string): void {
  const at = out.length;
  writeFrameHead(out, 0, FRAME.goaway, FLAG.none, 0);
  writeUint32(out, lastStream);
  writeUint32(out, code);
  out.utf8(reason);
  endFrame(out, at);
}

/** Appends PING (RFC 9113 §6.7) with eight octets. */
export function writePing(out: ByteWriter, flags: number, data: Uint8Array): void {
  writeFrameHead(out, data.length, FRAME.ping, flags, 0);
  out.copy(data);
}

/** Appends SETTINGS (RFC 9113 §6.5): identifiers and values. */
export function writeSettings(
  out: ByteWriter,
  settings: readonly (readonly [id: number, value: number])[],
): void {
  writeFrameHead(out, settings.length * 6, FRAME.settings, FLAG.none, 0);
  for (const [id, value] of settings) {
    out.reserve(6);
    out.bytes[out.length++] = id >>> 8;
    out.bytes[out.length++] = id;
    writeUint32(out, value);
  }
}

/** Appends the acknowledgement of the peer's SETTINGS. */
export function writeSettingsAck(out: ByteWriter): void {
  writeFrameHead(out, 0, FRAME.settings, FLAG.ack, 0);
}

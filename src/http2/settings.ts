/**
 * SETTINGS (RFC 9113 §6.5): what we tell a client, and what it tells us.
 */
import type { Settings } from "../options/settings.ts";
import { MAX_FRAME_SIZE, MAX_UINT31, uint32 } from "./frame.ts";
import { ERROR, Http2ConnectionError } from "./http2_error.ts";

const HEADER_TABLE_SIZE = 0x1;
const ENABLE_PUSH = 0x2;
const MAX_CONCURRENT_STREAMS = 0x3;
const INITIAL_WINDOW_SIZE = 0x4;
const MAX_FRAME_SIZE_ID = 0x5;
const MAX_HEADER_LIST_SIZE = 0x6;
/** RFC 8441 §3. */
const ENABLE_CONNECT_PROTOCOL = 0x8;
/** RFC 9218 §2.1. */
const NO_RFC7540_PRIORITIES = 0x9;

/** Octets of an entry. */
const ENTRY = 6;
/** More in one frame are no settings, but work for us (CVE-2019-9515). There are nine. */
const MAX_ENTRIES = 32;

/** The initial window of a connection, and the default of `INITIAL_WINDOW_SIZE` (RFC 9113 §6.9.2). */
export const DEFAULT_WINDOW = 65_535;

/** The size of the decoder's dynamic table, which is the default of RFC 9113 §6.5.2. */
export const HEADER_TABLE = 4096;

/** What we tell. Where `maxHeaderBytes` is 0 there is no limit to tell. */
export function ownSettings(settings: Settings): [id: number, value: number][] {
  const { maxConcurrentStreams, initialWindowSize } = settings.http2!;
  const entries: [number, number][] = [
    [MAX_CONCURRENT_STREAMS, maxConcurrentStreams],
    [ENABLE_CONNECT_PROTOCOL, 1],
    [NO_RFC7540_PRIORITIES, 1],
  ];
  if (initialWindowSize !== DEFAULT_WINDOW) entries.push([INITIAL_WINDOW_SIZE, initialWindowSize]);
  if (settings.maxHeaderBytes > 0) entries.push([MAX_HEADER_LIST_SIZE, settings.maxHeaderBytes]);
  return entries;
}

/** What a client has told, as far as a server needs it. */
export class PeerSettings {
  /** The window of a new stream. */
  initialWindow: number = DEFAULT_WINDOW;

  /**
   * Reads the payload of a SETTINGS frame.
   *
   * @throws {Http2ConnectionError} on a value that is not allowed
   */
  read(bytes: Uint8Array, start: number, end: number): void {
    if ((end - start) % ENTRY !== 0) {
      throw new Http2ConnectionError(ERROR.frameSizeError, "SETTINGS has half an entry");
    }
    if (end - start > MAX_ENTRIES * ENTRY) {
      throw new Http2ConnectionError(ERROR.enhanceYourCalm, "SETTINGS has too many entries");
    }
    for (let at = start; at < end; at += ENTRY) {
      this.#set((bytes[at] << 8) | bytes[at + 1], uint32(bytes, at + 2));
    }
  }

  #set(id: number, value: number): void {
    switch (id) {
      case ENABLE_PUSH:
        if (value > 1) throw badValue("ENABLE_PUSH is neither 0 nor 1");
        return;
      case INITIAL_WINDOW_SIZE:
        if (value > MAX_UINT31) {
          throw new Http2ConnectionError(ERROR.flowControlError, "INITIAL_WINDOW_SIZE is above 2^31 - 1");
        }
        this.initialWindow = value;
        return;
      case MAX_FRAME_SIZE_ID:
        if (value < MAX_FRAME_SIZE || value > 0xff_ffff) {
          throw badValue("MAX_FRAME_SIZE is not from 2^14 to 2^24 - 1");
        }
        return; // our frames have the smallest maximum that is allowed: larger ones gain nothing
      case ENABLE_CONNECT_PROTOCOL:
        if (value > 1) throw badValue("ENABLE_CONNECT_PROTOCOL is neither 0 nor 1");
        return;
      case NO_RFC7540_PRIORITIES:
        if (value > 1) throw badValue("NO_RFC7540_PRIORITIES is neither 0 nor 1");
        return;
      case HEADER_TABLE_SIZE: // we have told that we use none
      default:
    }
  }
}

function badValue(message: string): Http2ConnectionError {
  return new Http2ConnectionError(ERROR.protocolError, message);
}

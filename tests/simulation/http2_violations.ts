/**
 * What a client can do that ends its connection, and the codes that RFC 9113 asks for. Where it asks for the end of a
 * stream, or a server may choose, `mayBeOfStream` is set.
 */
import { integer, ReferenceEncoder, stringLiteral } from "../support/hpack.ts";
import {
  CODE,
  FLAG,
  frame,
  headersFrames,
  MAX_31,
  SETTING,
  settingsPayload,
  TYPE,
  uint32,
} from "./http2_frames.ts";
import { STRANGER } from "./ledger.ts";

/** Where it is done. */
export interface Place {
  /** A stream that was opened, and the next that may be. */
  readonly opened: number;
  readonly next: number;
}

/** A violation. */
export interface Violation {
  readonly codes: readonly number[];
  readonly mayBeOfStream?: boolean;
  readonly frames: (place: Place) => Uint8Array[];
}

/** A request that touches no table. */
function block(fields: readonly (readonly [string, string])[] = []): Uint8Array {
  const head = [
    [":method", "GET"],
    [":scheme", "http"],
    [":authority", "a.example"],
    [":path", "/"],
    ["x-name", STRANGER],
  ] as const;
  return new ReferenceEncoder(0).encode(
    [...head, ...fields].map(([name, value]) =>
      [name, value, { indexing: "without", huffman: false }] as const
    ),
  );
}

const settings = (...values: [number, number][]): Uint8Array[] => [
  frame(TYPE.settings, 0, 0, settingsPayload(values)),
];

const octets = (count: number): Uint8Array => new Uint8Array(count);

/** Opens the next stream with a block that cannot be decoded. */
const badBlock = (...bytes: number[]): Violation => ({
  codes: [CODE.compression],
  frames: ({ next }) => headersFrames(next, Uint8Array.from([...block(), ...bytes]), FLAG.endStream),
});

const of = (code: number, frames: (place: Place) => Uint8Array[], mayBeOfStream = false): Violation => ({
  codes: [code],
  frames,
  mayBeOfStream,
});

/** By name. */
export const VIOLATIONS: Readonly<Record<string, Violation>> = {
  "DATA on stream 0": of(CODE.protocol, () => [frame(TYPE.data, 0, 0, octets(3))]),
  "DATA of an idle stream": of(CODE.protocol, ({ next }) => [frame(TYPE.data, 0, next, octets(3))]),
  "DATA with more padding than payload": of(
    CODE.protocol,
    ({ opened, next }) => [frame(TYPE.data, FLAG.padded, opened || next, [9, 1, 2])],
  ),
  "HEADERS on stream 0": of(CODE.protocol, () => headersFrames(0, block(), FLAG.endStream)),
  "HEADERS of an even stream": of(
    CODE.protocol,
    ({ next }) => headersFrames(next + 1, block(), FLAG.endStream),
  ),
  "HEADERS of an older stream": {
    codes: [CODE.protocol, CODE.streamClosed],
    frames: ({ next }) => [
      ...headersFrames(next + 4, block(), FLAG.endStream),
      ...headersFrames(next + 2, block(), FLAG.endStream),
    ],
  },
  "HEADERS with more padding than payload": of(
    CODE.protocol,
    ({ next }) => [frame(TYPE.headers, FLAG.padded | FLAG.endHeaders, next, [200, 0x82])],
  ),
  "RST_STREAM of an idle stream": of(
    CODE.protocol,
    ({ next }) => [frame(TYPE.rstStream, 0, next, uint32(8))],
  ),
  "RST_STREAM on stream 0": of(CODE.protocol, () => [frame(TYPE.rstStream, 0, 0, uint32(8))]),
  "RST_STREAM of three octets": of(
    CODE.frameSize,
    ({ opened, next }) => [frame(TYPE.rstStream, 0, opened || next, octets(3))],
  ),
  "WINDOW_UPDATE of an idle stream": of(
    CODE.protocol,
    ({ next }) => [frame(TYPE.windowUpdate, 0, next, uint32(1))],
  ),
  "WINDOW_UPDATE of 0": of(CODE.protocol, () => [frame(TYPE.windowUpdate, 0, 0, uint32(0))]),
  "WINDOW_UPDATE of three octets": of(CODE.frameSize, () => [frame(TYPE.windowUpdate, 0, 0, octets(3))]),
  "WINDOW_UPDATE beyond the largest": of(
    CODE.flowControl,
    () => [
      frame(TYPE.windowUpdate, 0, 0, uint32(MAX_31)),
      frame(TYPE.windowUpdate, 0, 0, uint32(MAX_31)),
    ],
  ),
  "WINDOW_UPDATE of a stream beyond the largest": of(
    CODE.flowControl,
    ({ next }) => [
      ...headersFrames(next, block([["content-length", "10"]]), 0),
      frame(TYPE.windowUpdate, 0, next, uint32(MAX_31)),
      frame(TYPE.windowUpdate, 0, next, uint32(MAX_31)),
    ],
    true,
  ),
  "SETTINGS on a stream": of(CODE.protocol, ({ next }) => [frame(TYPE.settings, 0, next, [])]),
  "SETTINGS of five octets": of(CODE.frameSize, () => [frame(TYPE.settings, 0, 0, octets(5))]),
  "an acknowledgement with settings": of(
    CODE.frameSize,
    () => [frame(TYPE.settings, FLAG.ack, 0, octets(6))],
  ),
  "ENABLE_PUSH of 2": of(CODE.protocol, () => settings([SETTING.enablePush, 2])),
  "INITIAL_WINDOW_SIZE of 2^31": of(CODE.flowControl, () => settings([SETTING.initialWindowSize, 2 ** 31])),
  "MAX_FRAME_SIZE of 0": of(CODE.protocol, () => settings([SETTING.maxFrameSize, 0])),
  "MAX_FRAME_SIZE of 2^24": of(CODE.protocol, () => settings([SETTING.maxFrameSize, 2 ** 24])),
  "PING of seven octets": of(CODE.frameSize, () => [frame(TYPE.ping, 0, 0, octets(7))]),
  "PING on a stream": of(CODE.protocol, ({ next }) => [frame(TYPE.ping, 0, next, octets(8))]),
  "GOAWAY on a stream": of(CODE.protocol, ({ next }) => [frame(TYPE.goaway, 0, next, octets(8))]),
  "GOAWAY of four octets": of(CODE.frameSize, () => [frame(TYPE.goaway, 0, 0, octets(4))]),
  "PRIORITY on stream 0": of(CODE.protocol, () => [frame(TYPE.priority, 0, 0, octets(5))]),
  "PRIORITY of four octets": of(
    CODE.frameSize,
    ({ opened, next }) => [frame(TYPE.priority, 0, opened || next, octets(4))],
    true,
  ),
  "PUSH_PROMISE": of(
    CODE.protocol,
    ({ opened, next }) => [frame(TYPE.pushPromise, FLAG.endHeaders, opened || next, octets(4))],
  ),
  "PRIORITY_UPDATE of stream 0": of(
    CODE.protocol,
    () => [frame(TYPE.priorityUpdate, 0, 0, [...uint32(0), 0x75, 0x3d, 0x30])],
  ),
  "PRIORITY_UPDATE on a stream": of(
    CODE.protocol,
    ({ next }) => [frame(TYPE.priorityUpdate, 0, next, octets(4))],
  ),
  "CONTINUATION without HEADERS": of(
    CODE.protocol,
    ({ next }) => [frame(TYPE.continuation, FLAG.endHeaders, next, block())],
  ),
  "a field block that is interrupted": of(
    CODE.protocol,
    ({ next }) => [
      frame(TYPE.headers, FLAG.endStream, next, block().subarray(0, 3)),
      frame(TYPE.ping, 0, 0, octets(8)),
    ],
  ),
  "CONTINUATION of another stream": of(
    CODE.protocol,
    ({ next }) => [
      frame(TYPE.headers, FLAG.endStream, next, block().subarray(0, 3)),
      frame(TYPE.continuation, FLAG.endHeaders, next + 2, block().subarray(3)),
    ],
  ),
  "a frame that is too large": of(
    CODE.frameSize,
    ({ next }) => [frame(TYPE.unknown, 0, next, octets(20), 16_385)],
  ),
  "an index of 0": badBlock(0x80),
  "an index in no table": badBlock(...integer(200, 7, 0x80)),
  "a size update behind a field": badBlock(0x20),
  "a size update beyond the limit": {
    codes: [CODE.compression],
    frames: ({ next }) =>
      headersFrames(next, Uint8Array.from([...integer(5_000, 5, 0x20), ...block()]), FLAG.endStream),
  },
  "a string that is cut off": badBlock(0x00, 0x01, 0x61, 0x05, 0x61),
  "an endless integer": badBlock(0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff),
  "EOS in a string": badBlock(0x00, 0x01, 0x61, 0x84, 0xff, 0xff, 0xff, 0xff),
  "a field block that is too large": of(
    CODE.enhanceYourCalm,
    ({ next }) => {
      const fields = Array.from({ length: 8 }, () => stringLiteral("a".repeat(1_000), false));
      const large = Uint8Array.from([...block(), ...fields.flatMap((value) => [0, 1, 0x61, ...value])]);
      return headersFrames(next, large, FLAG.endStream, {
        splits: [3_000, 3_000],
        padding: -1,
        hasPriority: false,
      });
    },
  ),
  "too many CONTINUATION frames": of(
    CODE.enhanceYourCalm,
    ({ next }) =>
      headersFrames(next, block(), FLAG.endStream, {
        splits: new Array(10).fill(1),
        padding: -1,
        hasPriority: false,
      }),
  ),
  "too many empty DATA frames": of(
    CODE.enhanceYourCalm,
    ({ next }) => [
      ...headersFrames(next, block(), 0),
      ...Array.from({ length: 110 }, () => frame(TYPE.data, 0, next, [])),
    ],
  ),
  "too many settings": of(
    CODE.enhanceYourCalm,
    () => settings(...Array.from({ length: 40 }, (): [number, number] => [SETTING.enablePush, 0])),
  ),
};

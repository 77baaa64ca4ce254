/**
 * A client of raw HTTP/2 frames (RFC 9113) on a transport in memory: sends what it is told, and reads what the server has
 * written, strictly.
 */
import assert from "node:assert/strict";
import { MemoryTransport } from "../../src/adapters/memory.ts";
import type { ConnectionOptions } from "../../src/api/options.ts";
import { HpackDecoder } from "../../src/http2/hpack_decoder.ts";
import { bytesOf } from "../wire/helpers.ts";
import { concat } from "./bytes.ts";
import type { FakeClock } from "./fake_clock.ts";
import { type Field, ReferenceEncoder } from "./hpack.ts";
import { connect, type Connected } from "./memory.ts";

/** What a client sends first (§3.4). */
export const PREFACE = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

/** The types of frames (§6, RFC 9218 §7.1), by their numbers. */
export const TYPES: readonly string[] = [
  ..."DATA HEADERS PRIORITY RST_STREAM SETTINGS PUSH_PROMISE PING GOAWAY WINDOW_UPDATE CONTINUATION".split(
    " ",
  ),
  ...new Array<string>(6).fill("?"),
  "PRIORITY_UPDATE",
];

/** The flags that frames may have. */
export const FLAG = { end: 0x1, ack: 0x1, endHeaders: 0x4, padded: 0x8, priority: 0x20 } as const;

/** Error codes (§7), by their numbers. */
export const CODES: readonly string[] =
  ("NO_ERROR PROTOCOL_ERROR INTERNAL_ERROR FLOW_CONTROL_ERROR SETTINGS_TIMEOUT STREAM_CLOSED " +
    "FRAME_SIZE_ERROR REFUSED_STREAM CANCEL COMPRESSION_ERROR CONNECT_ERROR ENHANCE_YOUR_CALM " +
    "INADEQUATE_SECURITY HTTP_1_1_REQUIRED").split(" ");

/** Settings (§6.5.2) that tests send. */
export const SETTING = {
  headerTableSize: 1,
  enablePush: 2,
  maxConcurrentStreams: 3,
  initialWindowSize: 4,
  maxFrameSize: 5,
  maxHeaderListSize: 6,
} as const;

/** A frame that the server has sent; a field block is whole, and decoded. */
export interface Frame {
  readonly type: string;
  readonly flags: number;
  readonly stream: number;
  readonly payload: Uint8Array;
  /** Of HEADERS. */
  readonly fields: readonly Field[];
}

/** Octets; a character of a text stands for one. */
function octetsOf(data: Uint8Array | string): Uint8Array {
  return typeof data === "string" ? bytesOf(data) : data;
}

/** The octets of a frame. */
export function frame(
  type: string,
  flags: number,
  stream: number,
  payload: Uint8Array | string = "",
): Uint8Array {
  const bytes = octetsOf(payload);
  const number = (TYPES as readonly string[]).indexOf(type);
  assert.ok(number >= 0, type);
  return concat([rawHead(bytes.length, number, flags, stream), bytes]);
}

/** The octets of a frame's head, whatever they say. */
export function rawHead(length: number, type: number, flags: number, stream: number): Uint8Array {
  return concat([uint32(length).subarray(1), Uint8Array.of(type, flags), uint32(stream)]);
}

/** Four octets. */
export function uint32(value: number): Uint8Array {
  return Uint8Array.of(value >>> 24, value >>> 16, value >>> 8, value);
}

/** The payload of SETTINGS. */
export function settingsPayload(entries: readonly (readonly [id: number, value: number])[]): Uint8Array {
  return concat(entries.map(([id, value]) => concat([Uint8Array.of(id >>> 8, id), uint32(value)])));
}

/** The pseudo-fields of a request, with what differs from a GET of `/`, and its other fields. */
export function request(pseudo: Record<string, string> = {}, ...fields: Field[]): Field[] {
  const all = { method: "GET", scheme: "http", authority: "a.example", path: "/", ...pseudo };
  return [...Object.entries(all).map(([name, value]): Field => [`:${name}`, value]), ...fields];
}

/** The client's side of a connection. */
export class Http2Client {
  readonly transport: MemoryTransport;
  readonly encoder: ReferenceEncoder = new ReferenceEncoder();
  readonly #decoder = new HpackDecoder(4096);
  #chunksRead = 0;
  #pending: Uint8Array = new Uint8Array(0);

  constructor(transport: MemoryTransport) {
    this.transport = transport;
  }

  /** Sends the preface, SETTINGS with these entries, and the acknowledgement of the server's. */
  open(...settings: [id: number, value: number][]): Frame[] {
    this.send(PREFACE, frame("SETTINGS", 0, 0, settingsPayload(settings)), frame("SETTINGS", FLAG.ack, 0));
    return this.read();
  }

  /** Sends octets in one go. */
  send(...parts: (Uint8Array | string)[]): void {
    this.transport.send(concat(parts.map(octetsOf)));
  }

  /** HEADERS with these fields, which are encoded now. */
  headers(stream: number, fields: readonly Field[], flags: number = FLAG.end): Uint8Array {
    return frame("HEADERS", flags | FLAG.endHeaders, stream, this.encoder.encode(fields));
  }

  /** Sends a request without a body. */
  get(stream: number, path = "/", ...fields: Field[]): void {
    this.send(this.headers(stream, request({ path }, ...fields)));
  }

  /** Sends the head of a request with a body. */
  post(stream: number, path = "/", ...fields: Field[]): void {
    this.send(this.headers(stream, request({ method: "POST", path }, ...fields), 0));
  }

  /** Sends DATA. */
  data(stream: number, payload: Uint8Array | string, flags = 0): void {
    this.send(frame("DATA", flags, stream, payload));
  }

  /** Sends WINDOW_UPDATE. */
  widen(stream: number, increment: number): void {
    this.send(frame("WINDOW_UPDATE", 0, stream, uint32(increment)));
  }

  /** Sends RST_STREAM with CANCEL. */
  cancel(stream: number): void {
    this.send(frame("RST_STREAM", 0, stream, uint32(CODES.indexOf("CANCEL"))));
  }

  /** Sends PING. */
  ping(data = "12345678"): void {
    this.send(frame("PING", 0, 0, data));
  }

  /** The frames that have come since the last call. */
  read(): Frame[] {
    const { written } = this.transport;
    this.#pending = concat([this.#pending, ...written.slice(this.#chunksRead)]);
    this.#chunksRead = written.length;
    const frames: Frame[] = [];
    for (let next; (next = this.#next()) !== null;) frames.push(next);
    return frames;
  }

  /** The same as texts: see `describe`. */
  told(): string[] {
    return this.read().map(describe);
  }

  /** Octets that are no whole frame. */
  get rest(): number {
    return this.#pending.length;
  }

  #next(): Frame | null {
    const bytes = this.#pending;
    if (bytes.length < 9) return null;
    const length = numberAt(bytes, 0, 3);
    assert.ok(length <= 16_384, `a frame of ${length} octets`);
    const end = 9 + length;
    if (bytes.length < end) return null;
    const type = TYPES[bytes[3]];
    const [flags, stream] = [bytes[4], numberAt(bytes, 5, 4)];
    let payload = bytes.slice(9, end);
    this.#pending = bytes.subarray(end);
    if (type === "HEADERS" && (flags & FLAG.endHeaders) === 0) {
      for (let more; (more = this.#next()) !== null;) {
        assert.deepEqual([more.type, more.stream], ["CONTINUATION", stream]);
        payload = concat([payload, more.payload]);
        if ((more.flags & FLAG.endHeaders) !== 0) break;
      }
    }
    return { type, flags, stream, payload, fields: type === "HEADERS" ? this.#decode(payload) : [] };
  }

  #decode(block: Uint8Array): Field[] {
    const fields: Field[] = [];
    this.#decoder.decode(block, 0, block.length, { field: (name, value) => fields.push([name, value]) });
    return fields;
  }
}

function numberAt(bytes: Uint8Array, at: number, octets: number): number {
  return bytes.subarray(at, at + octets).reduce((value, octet) => value * 256 + octet, 0);
}

/** Longer payloads are told by their lengths. */
const SHORT = 40;

/**
 * A frame as a text: `HEADERS 1 200 end`, `DATA 1 "hello"`, `DATA 1 16384`, `RST_STREAM 1 CANCEL`, `GOAWAY 3 NO_ERROR`,
 * `WINDOW_UPDATE 0 +9`, `SETTINGS ack`, `PING ack 12345678`. HEADERS without a status are trailers, with their fields.
 */
export function describe({ type, flags, stream, payload, fields }: Frame): string {
  const text = new TextDecoder("latin1").decode(payload);
  const code = (at: number): string => CODES[numberAt(payload, at, 4)];
  const end = (flags & FLAG.end) !== 0 ? " end" : "";
  switch (type) {
    case "DATA":
      return `DATA ${stream} ${payload.length > SHORT ? payload.length : JSON.stringify(text)}${end}`;
    case "HEADERS": {
      const status = fields.find(([name]) => name === ":status")?.[1];
      return `HEADERS ${stream} ${status ?? fields.map((field) => field.join("=")).join(" ")}${end}`;
    }
    case "RST_STREAM":
      return `RST_STREAM ${stream} ${code(0)}`;
    case "GOAWAY":
      return `GOAWAY ${numberAt(payload, 0, 4)} ${code(4)}`;
    case "WINDOW_UPDATE":
      return `WINDOW_UPDATE ${stream} +${numberAt(payload, 0, 4)}`;
    case "SETTINGS":
      return (flags & FLAG.ack) !== 0 ? "SETTINGS ack" : "SETTINGS";
    case "PING":
      return `PING${(flags & FLAG.ack) !== 0 ? " ack" : ""} ${text}`;
    default:
      return `${type} ${stream}`;
  }
}

/** A client that has opened its connection, and the server's side of that. */
export interface Http2Connected extends Connected {
  readonly peer: Http2Client;
}

/** Connects to a server with these options; the client tells `settings`. */
export async function connectHttp2(
  options: ConnectionOptions,
  { clock, settings = [] }: { clock?: FakeClock; settings?: [id: number, value: number][] } = {},
): Promise<Http2Connected> {
  const connected = connect({ http2: true, ...options }, clock);
  await connected.server.loaded;
  const peer = new Http2Client(connected.client);
  peer.open(...settings);
  return { ...connected, peer };
}

/** Another client of the same server. */
export function visit({ server }: { server: Connected["server"] }): Http2Client {
  const transport = new MemoryTransport();
  server.accept(transport);
  const peer = new Http2Client(transport);
  peer.open();
  return peer;
}

/** The body of the response on `stream`. */
export function bodyOf(frames: readonly Frame[], stream: number): string {
  const parts = frames.filter((frame) => frame.type === "DATA" && frame.stream === stream);
  return new TextDecoder().decode(concat(parts.map(({ payload }) => payload)));
}

/**
 * Sends requests on streams of an HTTP/2 client: heads as field blocks, bodies as DATA within the windows.
 */
import type { Field, ReferenceEncoder, Representation } from "../support/hpack.ts";
import { HEAD_DEFECTS } from "./http2_defects.ts";
import { FLAG, frame, FRAME_SIZE, headersFrames, padded, TYPE } from "./http2_frames.ts";
import type { Http2Ways } from "./http2_plan.ts";
import type { Http2Sender } from "./http2_sender.ts";
import type { ClientStream } from "./http2_stream.ts";
import { nameOf, requestContent } from "./request_writer.ts";

/** The client. */
export interface RequestPort {
  readonly ways: Http2Ways;
  readonly sender: Http2Sender;
  readonly encoder: ReferenceEncoder;
  sendWindow: number;
  readonly isBroken: boolean;
  readonly hasEnded: boolean;
  readonly hasErred: boolean;
  readonly sawEnd: boolean;
  /** Waits until something is there, for `ms`; -1 for as long as it takes. */
  wait(isThere: () => boolean, ms: number): Promise<void>;
  /** END_STREAM was written. */
  requestEnded(stream: ClientStream): void;
}

/** The field block of a request. */
export function requestBlock(port: RequestPort, { entry, way }: ClientStream): Uint8Array {
  const { client, request } = entry;
  const { method, body, defect } = request;
  const name = nameOf(client, request.id);
  let lines: Field[] = [
    [":method", method],
    [":scheme", "http"],
    [":authority", "a.example"],
    [":path", method === "OPTIONS" ? "*" : port.ways.repeats ? "/" : `/${name}?q`],
    ["x-name", name],
    ...request.fields.map(([field, value]): Field => [field.toLowerCase(), value]),
  ];
  if (body !== null && body.chunks === null) lines.push(["content-length", String(body.length)]);
  if (body !== null && body.expects !== null) lines.push(["expect", "100-continue"]);
  if (way.priority !== null) lines.push(["priority", way.priority]);
  if (defect !== null) lines = HEAD_DEFECTS[defect]?.change(lines) ?? lines;
  const { fields, repeats } = port.ways;
  const how: readonly Representation[] = repeats ? [{ indexing: "without" }] : fields;
  // What is too large must get through the limit of what is encoded.
  const isShort = defect === "large head";
  return port.encoder.encode(lines.map(([field, value], i) =>
    [
      field,
      value,
      isShort ? { indexing: "without", huffman: true } : how.length === 0 ? {} : how[i % how.length],
    ] as const
  ));
}

/** Sends the body of `stream`, if there is one, and its trailers. */
export async function sendBody(port: RequestPort, stream: ClientStream): Promise<void> {
  const { request } = stream.entry;
  const { body, defect } = request;
  if (stream.sentEnd) return;
  const isOver = (): boolean =>
    stream.isStopped || port.isBroken || port.hasEnded || port.hasErred || port.sawEnd;
  if (body !== null && body.expects !== null) {
    port.sender.flush();
    await port.wait(() => stream.sawContinue || stream.head !== null || isOver(), body.expects);
  }
  const told = body?.length ?? 0;
  const length = defect === "short body" ? told - 1 : defect === "long body" ? told + 1 : told;
  const hasTrailers = body !== null && (body.trailers || (defect?.includes("trailers") ?? false));
  if (!await sendData(port, stream, length, hasTrailers, isOver) || !hasTrailers || isOver()) return;
  const fields: Field[] = [["x-sum", String(length)]];
  // The next request finds its name in the table.
  if (port.ways.repeats) fields.push(["x-name", nameOf(stream.entry.client, request.id + 1)]);
  if (defect === "pseudo-field in trailers") fields.unshift([":path", "/"]);
  if (defect === "connection field in trailers") fields.push(["connection", "close"]);
  const ends = defect === "open trailers" ? 0 : FLAG.endStream;
  const { headers } = stream.way;
  port.sender.write(...headersFrames(stream.id, port.encoder.encode(fields), ends, headers));
  port.requestEnded(stream);
  port.sender.flush();
}

/** Sends `length` octets; answers whether all of them were. */
async function sendData(
  port: RequestPort,
  stream: ClientStream,
  length: number,
  hasTrailers: boolean,
  isOver: () => boolean,
): Promise<boolean> {
  const { way, entry, id } = stream;
  const content = requestContent(entry.client, entry.request.id);
  const ignoresWindow = entry.request.defect === "more than the window";
  const endsApart = way.endsApart || length === 0;
  for (let at = 0, i = 0; at < length; i++) {
    const isBlocked = (): boolean => !ignoresWindow && (stream.sendWindow <= 0 || port.sendWindow <= 0);
    // Others may have used up the connection's window by the time that this goes on.
    while (isBlocked() && !isOver()) {
      port.sender.flush();
      await port.wait(() => isOver() || !isBlocked(), -1);
    }
    if (isOver()) return false;
    const room = ignoresWindow ? Infinity : Math.min(stream.sendWindow, port.sendWindow);
    // A plan that was made smaller may have no sizes, or none that lead on.
    let padding = way.pads[i % way.pads.length] ?? -1;
    const wanted = Math.max(
      way.data[i % way.data.length] ?? FRAME_SIZE,
      (i + 1) % way.data.length === 0 ? 1 : 0,
    );
    if (1 + padding >= room) padding = -1;
    const size = Math.min(wanted, length - at, 16_000, room - 1 - padding);
    stream.sendWindow -= size + 1 + padding;
    port.sendWindow -= size + 1 + padding;
    const ends = !endsApart && !hasTrailers && at + size === length;
    const flags = (ends ? FLAG.endStream : 0) | (padding < 0 ? 0 : FLAG.padded);
    port.sender.write(frame(TYPE.data, flags, id, padded(content.bytes(at, at + size), padding)));
    at += size;
    if (ends) port.requestEnded(stream);
    port.sender.flush();
    if (way.gap >= 0) await port.wait(() => false, way.gap);
  }
  if (isOver()) return false;
  if (endsApart && !hasTrailers) {
    port.sender.write(frame(TYPE.data, FLAG.endStream, id, []));
    port.requestEnded(stream);
    port.sender.flush();
  }
  return true;
}

/**
 * Responses of the engine itself, which refuse a request.
 */
import type { ProtocolError } from "../api/errors.ts";
import { ERROR_TYPE, errorText } from "../core/error_response.ts";
import { ByteWriter } from "../wire/byte_writer.ts";
import { FLAG, FRAME, writeFrameHead } from "./frame.ts";
import { encodeField, encodeStatus } from "./hpack_encoder.ts";
import { encodeLength } from "./response_block.ts";
import { writeBlock } from "./stream_output.ts";

/** What they need of the connection. */
export interface RefusalPort {
  readonly scheduler: { sendWindow: number };
  acquire(): ByteWriter;
  dateField(): Uint8Array;
  beginBlock(block: ByteWriter): void;
  blockWritten(): void;
}

const encoder = new TextEncoder();

/** Sends the response to `error` on stream `id`, without its text where that does not fit into `window`. */
export function sendRefusal(
  port: RefusalPort,
  id: number,
  { status, message }: ProtocolError,
  window: number,
): void {
  const text = encoder.encode(errorText(status, message));
  const block = new ByteWriter(256);
  port.beginBlock(block);
  encodeStatus(block, status);
  encodeField(block, "content-type", ERROR_TYPE);
  const hasRoom = text.length <= window;
  if (hasRoom) encodeLength(block, text.length);
  block.copy(port.dateField());
  const out = port.acquire();
  writeBlock(out, block.bytes.subarray(0, block.length), hasRoom ? FLAG.none : FLAG.endStream, id);
  port.blockWritten();
  if (!hasRoom) return;
  port.scheduler.sendWindow -= text.length;
  writeFrameHead(out, text.length, FRAME.data, FLAG.endStream, id);
  out.copy(text);
}

/**
 * The responses of the engine itself, to requests that it refuses and for handlers that fail: all have one form.
 */
import type { ByteWriter } from "../protocol/byte_writer.ts";
import { reasonPhrase, statusLine } from "../protocol/status.ts";
import type { Fields } from "../exchange.ts";
import { CLOSE_FIELD } from "./standard_fields.ts";

const TYPE = "text/plain;charset=utf-8";
const encoder = new TextEncoder();

/** Their fields, framing and persistence aside. */
export const ERROR_FIELDS: Fields = { "content-type": TYPE };

/** Their body: the status, and why, where that is the client's to know. */
export function errorText(status: number, why?: string): string {
  return `${status} ${reasonPhrase(status)}${why === undefined ? "" : `: ${why}`}\n`;
}

/** Appends a whole one that closes. */
export function writeError(out: ByteWriter, status: number, why: string, dateLine: Uint8Array): void {
  const body = encoder.encode(errorText(status, why));
  out.copy(statusLine(status));
  out.latin1(`content-type: ${TYPE}\r\ncontent-length: ${body.length}\r\n`);
  out.copy(dateLine);
  out.copy(CLOSE_FIELD);
  out.latin1("\r\n");
  out.copy(body);
}

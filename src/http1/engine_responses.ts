/**
 * Responses of the engine itself, as bytes: 100, and those that refuse a request or a connection.
 */
import { ERROR_TYPE, errorText } from "../core/error_response.ts";
import type { ByteWriter } from "../wire/byte_writer.ts";
import { statusLine } from "./status_line.ts";
import { CLOSE_FIELD } from "./persistence_fields.ts";

const encoder = new TextEncoder();

/** Interim response that lets a waiting client send its body (RFC 9110 §10.1.1). */
export const CONTINUE: Uint8Array = encoder.encode("HTTP/1.1 100 Continue\r\n\r\n");

/** Appends a whole response that ends the connection. */
export function writeError(out: ByteWriter, status: number, reason: string, dateLine: Uint8Array): void {
  const body = encoder.encode(errorText(status, reason));
  out.copy(statusLine(status));
  out.latin1(`content-type: ${ERROR_TYPE}\r\ncontent-length: ${body.length}\r\n`);
  out.copy(dateLine);
  out.copy(CLOSE_FIELD);
  out.latin1("\r\n");
  out.copy(body);
}

/** Responses as the engine writes them on a clock that stands still. */

/** The date of the clock that stands still. */
export const DATE = "Thu, 01 Jan 2026 00:00:01 GMT";

/** The last fields of a response whose connection goes on. */
export const KEPT = "connection: keep-alive\r\nkeep-alive: timeout=60\r\n";
/** The last field of a response that ends its connection. */
export const CLOSED = "connection: close\r\n";

/** A response as it should come. */
export function response(
  lines: string,
  body: string,
  date: string = DATE,
  persistence: string = KEPT,
): string {
  const dateLine = date === "" ? "" : `date: ${date}\r\n`;
  return `HTTP/1.1 ${lines}content-length: ${body.length}\r\n${dateLine}${persistence}\r\n${body}`;
}

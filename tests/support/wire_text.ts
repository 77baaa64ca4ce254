/**
 * What a server sent, a character for each byte, read into what it says: how it was framed, and in which order and
 * spelling its fields came, tells nothing.
 */
import assert from "node:assert/strict";

/** What a response says. */
export interface WireResponse {
  readonly status: number;
  /** Each `name: value`, sorted; names in lower case, lines of one name joined, those of Set-Cookie apart. */
  readonly fields: readonly string[];
  /** A character for each byte. */
  readonly body: string;
}

/** The fields of a head, those aside that say how the body is framed. */
function fieldsOf(lines: readonly string[]): { fields: string[]; length: number; chunked: boolean } {
  const values = new Map<string, string>();
  const fields: string[] = [];
  for (const line of lines) {
    const name = line.slice(0, line.indexOf(":")).toLowerCase();
    const value = line.slice(name.length + 1).trim();
    if (name === "set-cookie") fields.push(`${name}: ${value}`);
    else values.set(name, values.has(name) ? `${values.get(name)}, ${value}` : value);
  }
  const length = Number(values.get("content-length") ?? NaN);
  const chunked = values.get("transfer-encoding") === "chunked";
  for (const [name, value] of values) {
    if (name !== "content-length" && name !== "transfer-encoding") fields.push(`${name}: ${value}`);
  }
  return { fields: fields.sort(), length, chunked };
}

/** A chunked body that begins at `at`, and where it ends. */
function readChunks(wire: string, at: number): { body: string; end: number } {
  let body = "";
  for (;;) {
    const start = wire.indexOf("\r\n", at) + 2;
    const size = parseInt(wire.slice(at, start), 16);
    assert.ok(size >= 0, `a chunk begins at ${at}`);
    body += wire.slice(start, start + size);
    at = start + size + 2;
    assert.equal(wire.slice(at - 2, at), "\r\n", "a chunk ends as it should");
    if (size === 0) return { body, end: at };
  }
}

/** The responses, of which those to HEAD are without a body. */
export function readWire(wire: string, method = "GET"): WireResponse[] {
  const responses: WireResponse[] = [];
  for (let at = 0; at < wire.length;) {
    const headEnd = wire.indexOf("\r\n\r\n", at);
    const [start, ...lines] = wire.slice(at, headEnd).split("\r\n");
    const match = /^HTTP\/1\.1 (\d{3}) /.exec(start);
    assert.ok(headEnd > 0 && match !== null, `a head begins at ${at}`);
    const status = Number(match[1]);
    const { fields, length, chunked } = fieldsOf(lines);
    at = headEnd + 4;
    let body = "";
    if (method === "HEAD" || status < 200 || status === 204 || status === 304) {
      // Bodiless, whatever the head says.
    } else if (chunked) {
      ({ body, end: at } = readChunks(wire, at));
    } else {
      const end = Number.isNaN(length) ? wire.length : at + length;
      assert.ok(end <= wire.length, "the body is as long as the head says");
      body = wire.slice(at, end);
      at = end;
    }
    responses.push({ status, fields, body });
  }
  return responses;
}

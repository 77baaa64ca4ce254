/**
 * The bytes of a request, and what can be wrong with it: each defect is one that RFC 9112 or the server's options
 * want refused, in one place of a request that is right otherwise.
 */
import { Content } from "./content.ts";
import { mix } from "./prng.ts";
import type { RequestPlan } from "./plan.ts";

const encoder = new TextEncoder();

/** How a request looks without its defect. */
interface Lines {
  start: string;
  fields: string[];
  end: string;
}

/** By name, how a defect changes a head. Those of bodies are in `bodyOf`. */
export const HEAD_DEFECTS: Readonly<Record<string, (lines: Lines) => void>> = {
  "bare LF": (lines) => lines.end = "\n",
  "bare CR": ({ fields }) => fields.push("X-A: a\rb"),
  "space before colon": ({ fields }) => fields.push("X-A : a"),
  "folded line": ({ fields }) => fields.push("X-A: a", " b"),
  "no colon": ({ fields }) => fields.push("nonsense"),
  "empty name": ({ fields }) => fields.push(": a"),
  "NUL": ({ fields }) => fields.push("X-A: a\0b"),
  "no host": (lines) => lines.fields = lines.fields.filter((line) => !/^host:/i.test(line)),
  "two hosts": ({ fields }) => fields.push("Host: b.example"),
  "bad host": (lines) => lines.fields = lines.fields.map((line) => /^host:/i.test(line) ? "Host: a b" : line),
  "two lengths": ({ fields }) => fields.push("Content-Length: 1", "Content-Length: 2"),
  "signed length": ({ fields }) => fields.push("Content-Length: +1"),
  "length and coding": ({ fields }) => fields.push("Content-Length: 3", "Transfer-Encoding: chunked"),
  "unknown coding": ({ fields }) => fields.push("Transfer-Encoding: gzip, chunked"),
  "coding without end": ({ fields }) => fields.push("Transfer-Encoding: chunked, gzip"),
  "expectation": ({ fields }) => fields.push("Expect: miracles"),
  "version": (lines) => lines.start = lines.start.replace(/HTTP\/1\.[01]$/, "HTTP/2.0"),
  "no version": (lines) => lines.start = lines.start.replace(/ HTTP\/1\.[01]$/, ""),
  "lower case version": (lines) => lines.start = lines.start.replace("HTTP", "http"),
  "two spaces": (lines) => lines.start = lines.start.replace(" ", "  "),
  "bad method": (lines) => lines.start = `@${lines.start}`,
  "bad target": (lines) => lines.start = lines.start.replace("/", "\x7f"),
  "long target": (lines) => lines.start = lines.start.replace(" HTTP", `${"a".repeat(20_000)} HTTP`),
  "many fields": ({ fields }) => fields.push(...Array.from({ length: 200 }, (_, i) => `X-${i}: ${i}`)),
  "large head": ({ fields }) => fields.push(`X-A: ${"a".repeat(40_000)}`),
};

/** Defects of chunked bodies. */
export const BODY_DEFECTS: readonly string[] = ["bad chunk size", "long chunk", "bad trailer"];

/** What a request's body is made of. */
export function requestContent(client: number, request: number): Content {
  return new Content(mix(client * 7919 + request) ^ 0x5555);
}

/** What its response's body is made of. */
export function responseContent(client: number, request: number): Content {
  return new Content(mix(client * 7919 + request));
}

/** Names a request in its target and in a field. */
export function nameOf(client: number, request: number): string {
  return `${client}.${request}`;
}

/** The request's head and its body, as bytes; the body is empty where there is none. */
export function encodeRequest(client: number, request: RequestPlan): { head: Uint8Array; body: Uint8Array } {
  const { method, minor, fields, body } = request;
  const name = nameOf(client, request.id);
  const target = method === "CONNECT" ? "a.example:80" : method === "OPTIONS" ? "*" : `/${name}?q`;
  const lines: Lines = {
    start: `${method} ${target} HTTP/1.${minor}`,
    fields: [
      `Host: ${method === "CONNECT" ? "a.example:80" : "a.example"}`,
      `X-Name: ${name}`,
      ...fields.map(([field, value]) => `${field}: ${value}`),
    ],
    end: "\r\n",
  };
  if (body !== null) {
    lines.fields.push(body.chunks === null ? `Content-Length: ${body.length}` : "Transfer-Encoding: chunked");
    if (body.expects !== null) lines.fields.push("Expect: 100-continue");
  }
  if (request.defect !== null) HEAD_DEFECTS[request.defect]?.(lines);
  const head = encoder.encode([lines.start, ...lines.fields, "", ""].join(lines.end));
  return { head, body: body === null ? new Uint8Array(0) : bodyOf(client, request) };
}

function bodyOf(client: number, { id, body, defect }: RequestPlan): Uint8Array {
  const { length, chunks, trailers } = body!;
  const content = requestContent(client, id);
  if (chunks === null) return content.bytes(0, length);
  let text = "";
  for (let at = 0, i = 0; at < length; i++) {
    const to = Math.min(length, at + Math.max(1, chunks[i % chunks.length]));
    text += `${(to - at).toString(16)}${i % 3 === 1 ? ";a=b" : ""}\r\n${content.text(at, to)}\r\n`;
    at = to;
  }
  if (defect === "bad chunk size") return encoder.encode(`${text}0x1\r\na\r\n0\r\n\r\n`);
  if (defect === "long chunk") {
    return encoder.encode(`${text}1\r\n${content.text(length, length + 1)}b\r\n0\r\n\r\n`);
  }
  if (defect === "bad trailer") return encoder.encode(`${text}0\r\nX A: b\r\n\r\n`);
  return encoder.encode(`${text}0\r\n${trailers ? `X-Sum: ${length}\r\n` : ""}\r\n`);
}

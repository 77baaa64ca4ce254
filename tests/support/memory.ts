/**
 * A connection in memory, on a clock that stands still: everything that a test sees is caused by the test.
 */
import { setImmediate } from "node:timers";
import { MemoryTransport } from "../../src/adapters/memory.ts";
import type { Connection } from "../../src/api/transport.ts";
import type { HttpConnection } from "../../src/core/connection.ts";
import type { ConnectionOptions } from "../../src/api/options.ts";
import { connectionSettings } from "../../src/options/settings.ts";
import { HttpServer } from "../../src/server/http_server.ts";
import { FakeClock } from "./fake_clock.ts";

/** A client's end, the server's connection, and their time. */
export interface Connected {
  readonly client: MemoryTransport;
  readonly connection: Connection;
  /** The same connection, as the engine sees it. */
  readonly internal: HttpConnection;
  readonly server: HttpServer;
  readonly clock: FakeClock;
  /** Errors that handlers threw. */
  readonly errors: unknown[];
}

/** Connects to a server with these options; `onError` collects unless it is given. */
export function connect(options: ConnectionOptions, clock: FakeClock = new FakeClock()): Connected {
  const errors: unknown[] = [];
  const onError = (error: unknown): void => void errors.push(error);
  const server = new HttpServer({ onError, ...options }, connectionSettings(options), clock);
  const client = new MemoryTransport();
  const internal = server.accept(client);
  return { client, connection: internal.facade, internal, server, clock, errors };
}

/** Lets all promise callbacks run that are due, those that they cause, and what waits for the end of the turn. */
export function settled(): Promise<void> {
  return new Promise((resolve) => void setImmediate(resolve));
}

/** One response, as it was read off a connection. */
export interface ParsedResponse {
  readonly status: number;
  readonly headers: Map<string, string>;
  readonly body: string;
}

/**
 * Reads the responses in what was received; fails on anything that is not a whole response. `methods` tells which
 * were asked by HEAD.
 */
export function parseResponses(received: string, methods: readonly string[] = []): ParsedResponse[] {
  const responses: ParsedResponse[] = [];
  // Lengths count bytes: a character of `text` stands for one.
  const bytes = new TextEncoder().encode(received);
  const text = new TextDecoder("latin1").decode(bytes);
  const slice = (from: number, to: number): string => new TextDecoder().decode(bytes.subarray(from, to));
  let at = 0;
  while (at < text.length) {
    const headEnd = text.indexOf("\r\n\r\n", at);
    if (headEnd < 0) throw new Error(`no whole head at ${at}: ${JSON.stringify(text.slice(at, at + 200))}`);
    const [startLine, ...lines] = text.slice(at, headEnd).split("\r\n");
    const match = /^HTTP\/1\.1 (\d{3}) /.exec(startLine);
    if (match === null) throw new Error(`no status line: ${JSON.stringify(startLine)}`);
    const status = Number(match[1]);
    const headers = new Map(lines.map((line) => {
      const colon = line.indexOf(": ");
      return [line.slice(0, colon).toLowerCase(), line.slice(colon + 2)] as const;
    }));
    at = headEnd + 4;
    let body = "";
    const bodiless = status < 200 || status === 204 || status === 304 || methods[responses.length] === "HEAD";
    if (!bodiless && headers.get("transfer-encoding") === "chunked") {
      for (;;) {
        const lineEnd = text.indexOf("\r\n", at);
        const size = parseInt(text.slice(at, lineEnd), 16);
        if (Number.isNaN(size)) {
          throw new Error(`no chunk at ${at}: ${JSON.stringify(text.slice(at, at + 50))}`);
        }
        body += slice(lineEnd + 2, lineEnd + 2 + size);
        if (text.slice(lineEnd + 2 + size, lineEnd + 4 + size) !== "\r\n") {
          throw new Error("a chunk does not end");
        }
        at = lineEnd + 4 + size;
        if (size === 0) break;
      }
    } else if (!bodiless && headers.has("content-length")) {
      const length = Number(headers.get("content-length"));
      body = slice(at, at + length);
      if (text.length < at + length) throw new Error(`the body has ${text.length - at} of ${length} bytes`);
      at += length;
    } else if (!bodiless) {
      body = slice(at, text.length);
      at = text.length;
    }
    responses.push({ status, headers, body });
  }
  return responses;
}

/** A GET as text. */
export function get(target = "/", ...lines: string[]): string {
  return [`GET ${target} HTTP/1.1`, "Host: a.example", ...lines, "", ""].join("\r\n");
}

/** A POST with a body of known length, as text. */
export function post(body: string, target = "/", ...lines: string[]): string {
  const head = [
    `POST ${target} HTTP/1.1`,
    "Host: a.example",
    `Content-Length: ${body.length}`,
    ...lines,
    "",
    "",
  ];
  return head.join("\r\n") + body;
}

/**
 * What applications answer: asked on Mooring, held against what is right, and against what the peer answers.
 */
import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { test } from "node:test";
import { connectTcp } from "../byte_streams.ts";
import { inTime } from "../deadline.ts";
import { until } from "../until.ts";
import { WireClient, type WireResponse } from "../wire_client.ts";
import { type Application, onMooring, onPeer } from "./servers.ts";

/** A request. */
export interface Ask {
  /** @default "GET" */
  readonly method?: string;
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Uint8Array;
}

/** An answer, without the fields that tell of the server and of the framing. */
export interface Answer {
  readonly status: number;
  /** Each `name: value`, sorted; lines of one name are joined with ", ". */
  readonly fields: readonly string[];
  readonly body: Uint8Array;
  readonly text: string;
}

/** What is right: fields that are not named may be anything. */
export interface Right {
  /** @default 200 */
  readonly status?: number;
  /** Values by name; `null` is a field that must not be there. */
  readonly fields?: Readonly<Record<string, string | RegExp | null>>;
  readonly text?: string | RegExp;
  readonly json?: unknown;
  /** Anything else. */
  readonly also?: (answer: Answer) => void;
  /** Why the peer of some runtimes answers otherwise; then it is not asked. */
  readonly peerDiffers?: string;
}

/** A request, named by what it shows, and what is right. */
export type Row = readonly [name: string, ask: Ask, right: Right];

/** Fields that say nothing of the application. Whether a body that is known has its length is tested elsewhere. */
const SERVERS = ["date", "connection", "keep-alive", "content-length", "transfer-encoding"];

/** The head of a request, and its body. */
export function requestBytes({ method = "GET", path, headers = {}, body = "" }: Ask): Buffer {
  const bytes = Buffer.from(body as Uint8Array);
  const lines = Object.entries({ host: "a.example", ...headers }).map(([name, value]) =>
    `${name}: ${value}\r\n`
  );
  const framed = "transfer-encoding" in headers || "content-length" in headers;
  if (!framed && (bytes.length > 0 || method === "POST")) lines.push(`content-length: ${bytes.length}\r\n`);
  return Buffer.concat([Buffer.from(`${method} ${path} HTTP/1.1\r\n${lines.join("")}\r\n`), bytes]);
}

/** Connects, and asks. */
export async function open(port: number, request: Ask): Promise<WireClient> {
  const client = new WireClient(await connectTcp(port));
  await client.send(requestBytes(request));
  return client;
}

/** Asks on a connection of its own. */
export async function ask(port: number, request: Ask): Promise<Answer> {
  const headers = { connection: "close", ...request.headers };
  using client = await open(port, { ...request, headers });
  const answer = async (): Promise<WireResponse> => {
    for (;;) {
      const response = await client.response(request.method === "HEAD");
      if (response.status >= 200) return response;
    }
  };
  const said = await inTime(answer(), `${request.method} ${request.path}`);
  const { status, body, text } = said;
  const fields = [...said.headers].filter(([name]) => !SERVERS.includes(name));
  return { status, fields: fields.map(([name, value]) => `${name}: ${value}`).sort(), body, text };
}

/** Fails unless an answer is right. */
export function assertRight(answer: Answer, right: Right): void {
  const { status = 200, fields = {} } = right;
  assert.equal(answer.status, status, `the status; the body: ${answer.text.slice(0, 500)}`);
  for (const [name, wanted] of Object.entries(fields)) {
    const value = answer.fields.find((field) => field.startsWith(`${name}: `))?.slice(name.length + 2);
    if (wanted instanceof RegExp) assert.match(value ?? "", wanted, name);
    else assert.equal(value, wanted ?? undefined, name);
  }
  if (right.text instanceof RegExp) assert.match(answer.text, right.text);
  else if (right.text !== undefined) assert.equal(answer.text, right.text);
  if (right.json !== undefined) assert.deepEqual(JSON.parse(answer.text), right.json);
  right.also?.(answer);
}

/**
 * What two servers must agree on. A media type may be written with a space, or in capitals; and where the application
 * gives none, Bun and `@hono/node-server` invent one.
 */
function comparable({ status, fields, text }: Answer, hasType: boolean): unknown {
  const written = fields.filter((field) => hasType || !isType(field))
    .map((field) => isType(field) ? field.toLowerCase().replace("; charset", ";charset") : field);
  return { status, fields: written, text };
}

function isType(field: string): boolean {
  return field.startsWith("content-type: ");
}

/** Registers a test for each row, of an application that is made for it. */
export function testAnswers(framework: string, make: () => Application, rows: readonly Row[]): void {
  for (const [name, request, right] of rows) {
    test(`${framework}: ${name}`, async () => {
      await using mooring = await onMooring(make());
      const answer = await ask(mooring.port, request);
      assertRight(answer, right);
      assert.deepEqual(mooring.errors, []);
      if (right.peerDiffers !== undefined) return;
      await using peer = await onPeer(make());
      const theirs = await ask(peer.port, request);
      const hasType = answer.fields.some(isType);
      assert.deepEqual(comparable(answer, hasType), comparable(theirs, hasType), "as the peer answers");
    });
  }
}

/** An application with a stream that goes quiet, and whether that was told that its client has left. */
export interface Quiet {
  readonly fetch: Application;
  readonly told: () => boolean;
}

/** Registers a test: the stream whose last words for the time being are `first` is told that its client left. */
export function testClientLeaves(name: string, make: () => Quiet, request: Ask, first: string): void {
  for (const how of ["reset", "end"] as const) {
    test(`${name} when its client ${how}s the connection`, async () => {
      const { fetch, told } = make();
      await using mooring = await onMooring(fetch);
      using client = await open(mooring.port, request);
      await inTime(client.readUntil(first), first);
      assert.equal(told(), false);
      client[how]();
      await until(told, true, "it was told");
      assert.deepEqual(mooring.errors, []);
    });
  }
}

/** The body of a form with files, and the field that announces it. */
export function multipart(
  parts: readonly { name: string; value: string; file?: string; type?: string }[],
): { headers: Record<string, string>; body: string } {
  const boundary = "----boundary0123456789";
  const written = parts.map(({ name, value, file, type }) => {
    const disposition = `form-data; name="${name}"${file === undefined ? "" : `; filename="${file}"`}`;
    const kind = type === undefined ? "" : `Content-Type: ${type}\r\n`;
    return `--${boundary}\r\nContent-Disposition: ${disposition}\r\n${kind}\r\n${value}\r\n`;
  });
  return {
    headers: { "content-type": `multipart/form-data; boundary=${boundary}` },
    body: `${written.join("")}--${boundary}--\r\n`,
  };
}

/**
 * One request as both sides get it: made by the platform's class, and sent to a fetch handler of Mooring's.
 */
import { concat, toBytes } from "../../support/bytes.ts";
import { connect, settled } from "../../support/memory.ts";
import { tell } from "./plain.ts";

/** What a client sends. */
export interface Asked {
  readonly method?: string;
  readonly host?: string;
  readonly target?: string;
  /** Field lines beside Host and those of the framing; a character of a value stands for a byte. */
  readonly fields?: readonly (readonly [name: string, value: string])[];
  readonly body?: string | Uint8Array<ArrayBuffer>;
  /** The body comes chunked, after the handler was called. */
  readonly isChunked?: boolean;
}

/** Asks something of a request; `leave` has its client leave. */
export type Ask = (request: Request, leave: () => Promise<void>) => unknown;

/** The platform's class, before a handler is made. */
const NativeRequest = Request;

function linesOf(
  { host = "a.example", fields = [], body, isChunked }: Asked,
): [name: string, value: string][] {
  const lines: [string, string][] = [["Host", host], ...fields.map(([...line]) => line)];
  if (body === undefined) return lines;
  const framing: [string, string] = isChunked
    ? ["Transfer-Encoding", "chunked"]
    : ["Content-Length", String(toBytes(body).length)];
  return [...lines, framing];
}

/** What `ask` tells of the platform's own, as its servers would make it. */
export async function askPlatform(asked: Asked, ask: Ask): Promise<unknown> {
  const { method = "GET", host = "a.example", target = "/", body } = asked;
  const controller = new AbortController();
  const init: RequestInit = { method, headers: linesOf(asked), signal: controller.signal };
  // Bytes: a text would bring a type along.
  if (body !== undefined) init.body = toBytes(body) as Uint8Array<ArrayBuffer>;
  return await ask(new NativeRequest(`http://${host}${target}`, init), async () => controller.abort());
}

/** What `ask` tells of the request that a fetch handler gets; or how the server refused it. */
export async function askMooring(asked: Asked, ask: Ask): Promise<unknown> {
  const { method = "GET", target = "/", body = "", isChunked } = asked;
  let told: Promise<unknown> | undefined;
  const leave = async (): Promise<void> => {
    await null; // a handler is called from inside of what its client sends
    client.reset();
    await settled();
  };
  const { client } = connect({
    async fetch(request) {
      await (told = tell(() => ask(request, leave)));
      return new Response(null, { status: 204 });
    },
  });
  const lines = linesOf(asked).map(([name, value]) => `${name}: ${value}\r\n`).join("");
  const head = latin1(`${method} ${target} HTTP/1.1\r\n${lines}\r\n`);
  if (isChunked) {
    client.send(head);
    for (const chunk of chunksOf(toBytes(body))) {
      await settled();
      client.send(chunk);
    }
  } else client.send(concat([head, body]));
  await settled();
  return told === undefined ? `refused: ${client.text().split("\r\n", 1)[0]}` : await told;
}

/** Two chunks and the last. */
function chunksOf(bytes: Uint8Array): Uint8Array[] {
  const half = bytes.length >> 1;
  const parts = [bytes.subarray(0, half), bytes.subarray(half)].filter((part) => part.length > 0);
  return [
    ...parts.map((part) => concat([`${part.length.toString(16)}\r\n`, part, "\r\n"])),
    toBytes("0\r\n\r\n"),
  ];
}

function latin1(text: string): Uint8Array {
  return Uint8Array.from(text, (character) => character.charCodeAt(0));
}

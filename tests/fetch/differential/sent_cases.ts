/**
 * What a client gets of a response beside what the platform says that is in it: the status, each field, and every
 * byte of the body. And how bodies are framed, of which their size is known or is not.
 */
import { Buffer } from "node:buffer";
import { concat } from "../../support/bytes.ts";
import { connect, get, settled } from "../../support/memory.ts";
import type { Make, ResponseClass } from "../../support/response_cases.ts";
import { readWire } from "../../support/wire_text.ts";

/** Fields that the server writes, and not the handler. */
const OF_THE_SERVER = /^(?:date|connection|keep-alive|content-length|transfer-encoding):/;

/** What the platform's response holds; an error where it cannot be read. */
export async function held(make: Make, R: ResponseClass): Promise<unknown> {
  const response = await make(R);
  if (response.type === "error") throw new RangeError("a status of 0 is none to send");
  const { status, headers } = response;
  // From what was read already, or is locked, there is nothing to be read.
  const body = response.body === null ? "" : Buffer.from(await response.arrayBuffer()).toString("latin1");
  return {
    status,
    fields: theirs([...headers].map(([name, value]) => `${name}: ${value}`)),
    body: common(body),
  };
}

/** What Mooring sends of it; an error where it tells `onError` of one. */
export async function sent(make: Make, R: ResponseClass): Promise<unknown> {
  const { wire, errors } = await exchange(() => make(R), get());
  if (errors.length > 0) throw errors[0];
  const [{ status, fields, body }] = readWire(wire);
  return { status, fields: theirs(fields), body: common(body) };
}

function theirs(fields: readonly string[]): string[] {
  return fields.filter((field) => !OF_THE_SERVER.test(field)).map(common).sort();
}

/** Each multipart body has a boundary of its own. */
function common(text: string): string {
  return text.replace(/boundary=\S+/, "boundary=*").replace(
    /^(-+[\w-]+)\r\n[^]*\1--/,
    (form, boundary: string) => form.replaceAll(boundary, "*"),
  );
}

async function exchange(
  make: () => Response | Promise<Response>,
  request: string,
): Promise<{ wire: string; errors: readonly unknown[] }> {
  let completed: Promise<void> | undefined;
  const { client, errors } = connect({
    fetch(_request, info) {
      completed = info.completed;
      return make();
    },
  });
  client.send(request);
  await completed?.catch(() => {});
  await settled();
  return { wire: Buffer.from(concat(client.written)).toString("latin1"), errors };
}

const text = "grün";

/** Bodies of five bytes whose size is known before they are read. */
const OF_KNOWN_SIZE: Record<string, () => BodyInit> = {
  "text": () => text,
  "bytes": () => new TextEncoder().encode(text),
  "an ArrayBuffer": () => new TextEncoder().encode(text).buffer,
  "a DataView": () => new DataView(new TextEncoder().encode(`a${text}b`).buffer, 1, 5),
  "a Blob": () => new Blob([text]),
  "URLSearchParams": () => new URLSearchParams("a=bcd"),
};

/** How a response is framed, and the statusText that goes with it. */
export async function framing(
  R: ResponseClass,
  method: string,
  version: string,
  body: BodyInit | null,
  init?: ResponseInit,
): Promise<string> {
  const line = `${method} / HTTP/${version}\r\nHost: a.example\r\n\r\n`;
  const { wire } = await exchange(() => new R(body, init), line);
  const [head] = wire.split("\r\n\r\n", 1);
  const [framing = "none"] = /^(?:content-length|transfer-encoding): .*$/im.exec(head) ?? [];
  return framing.toLowerCase();
}

/** A body that is not at hand at once. */
function slowStream(): ReadableStream<Uint8Array<ArrayBuffer>> {
  let left = 3;
  return new ReadableStream({
    async pull(controller) {
      await new Promise<void>((resolve) => setImmediate(resolve));
      if (left-- === 0) controller.close();
      else controller.enqueue(new TextEncoder().encode(text));
    },
  });
}

/** How bodies are framed: a name, how to ask for it, and what it must be. */
export function* framingCases(): Generator<
  [name: string, run: (R: ResponseClass) => unknown, expected: string]
> {
  for (const [name, body] of Object.entries(OF_KNOWN_SIZE)) {
    for (const [method, version] of [["GET", "1.1"], ["HEAD", "1.1"], ["POST", "1.1"], ["GET", "1.0"]]) {
      yield [
        `${name} to ${method} of HTTP/${version} has its length`,
        (R) => framing(R, method, version, body()),
        "content-length: 5",
      ];
    }
  }
  const slow = (method: string, version: string, init?: ResponseInit) => (R: ResponseClass) =>
    framing(R, method, version, slowStream(), init);
  yield ["a slow stream to GET is chunked", slow("GET", "1.1"), "transfer-encoding: chunked"];
  yield ["a slow stream to GET of HTTP/1.0 ends with the connection", slow("GET", "1.0"), "none"];
  yield [
    "a slow stream with a length has it",
    slow("GET", "1.1", { headers: { "content-length": "15" } }),
    "content-length: 15",
  ];
  yield [
    "a length that was given is told to HEAD",
    (R) => framing(R, "HEAD", "1.1", null, { headers: { "content-length": "7" } }),
    "content-length: 7",
  ];
  for (
    const [status, expected] of [[200, "content-length: 0"], [404, "content-length: 0"], [
      204,
      "none",
    ]] as const
  ) {
    yield [`null with ${status}: ${expected}`, (R) => framing(R, "GET", "1.1", null, { status }), expected];
  }
  yield ["null with 304 has no body", (R) => framing(R, "GET", "1.1", null, { status: 304 }), "none"];
  yield [
    "null with 205: content-length: 0",
    (R) => framing(R, "GET", "1.1", null, { status: 205 }),
    "content-length: 0",
  ];
}

/** The reason phrase that is sent. */
export async function phrase(R: ResponseClass, init: ResponseInit): Promise<string> {
  const { wire } = await exchange(() => new R("x", init), get());
  return /^HTTP\/1\.1 \d+ (.*)$/m.exec(wire)![1].trimEnd();
}

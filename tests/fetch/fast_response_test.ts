/** FastResponse: every kind of body with every form of headers is sent, and its parts agree with one another. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { FastResponse } from "../../src/fetch/fast_response.ts";
import { connect, parseResponses } from "../support/memory.ts";

const encode = (text: string): Uint8Array<ArrayBuffer> => new TextEncoder().encode(text);

async function* pieces(): AsyncGenerator<string> {
  yield "body";
}

const BODIES: Record<string, () => ConstructorParameters<typeof FastResponse>[0]> = {
  "text": () => "body",
  "bytes": () => encode("body"),
  "an ArrayBuffer": () => encode("body").buffer,
  "a Blob": () => new Blob(["body"]),
  "a stream": () => new Blob(["body"]).stream(),
  "URLSearchParams": () => new URLSearchParams("body"),
  "a generator": pieces,
};

const HEADERS: Record<string, () => HeadersInit> = {
  "an object": () => ({ "x-a": "1" }),
  "pairs": () => [["x-a", "1"]],
  "Headers": () => new Headers({ "x-a": "1" }),
  "a value with blanks around it": () => ({ "x-a": " 1\t" }),
  "a value that is a number": () => ({ "x-a": 1 as unknown as string }),
};

/** What a client gets of `response`. */
async function sent(
  response: Response,
): Promise<{ text: string; field: string | undefined; errors: unknown[] }> {
  const { client, errors } = connect({ fetch: () => response });
  client.send("GET / HTTP/1.1\r\nHost: a.example\r\nConnection: close\r\n\r\n");
  await new Promise((resolve) => setTimeout(resolve));
  for (let i = 0; i < 20 && client.text() === ""; i++) await new Promise((resolve) => setTimeout(resolve));
  const [answer] = parseResponses(client.text());
  return { text: client.text(), field: answer?.headers.get("x-a"), errors };
}

for (const [what, body] of Object.entries(BODIES)) {
  for (const [form, headers] of Object.entries(HEADERS)) {
    test(`FastResponse of ${what} is sent with ${form} for headers`, async () => {
      const { text, field, errors } = await sent(new FastResponse(body(), { headers: headers() }));
      assert.deepEqual(errors, []);
      assert.match(text, /^HTTP\/1\.1 200 /);
      assert.match(text, /body/);
      assert.equal(field, "1");
    });
  }
}

for (const [what, body] of Object.entries(BODIES)) {
  test(`FastResponse of ${what}: headers that were handed out hold, whatever is asked of it afterwards`, async () => {
    const response = new FastResponse(body(), { headers: { "x-a": "0" } });
    const { headers } = response;
    headers.set("x-a", "1");
    const copy = response.clone();
    assert.equal(copy.headers.get("x-a"), "1");
    response.headers.set("x-a", "2");
    assert.equal((await sent(response)).field, "2");
    assert.match(await copy.text(), /^body/);
  });
}

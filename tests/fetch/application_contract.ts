/**
 * An application of another framework answers the same as with the platform's own `Response`, whatever stands in
 * the place of that.
 */
import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { test } from "node:test";
import { app, type Asked, asked } from "../support/hono_app.ts";
import { readWire, type WireResponse } from "../support/wire_text.ts";
import { PlatformResponse, see } from "./response_contract/harness.ts";

/** Fields that are the server's to write, and not the application's. */
const OURS = ["date", "connection", "keep-alive", "content-length", "transfer-encoding"];

function theirs(fields: readonly string[]): string[] {
  return fields.filter((field) => !OURS.includes(field.slice(0, field.indexOf(":"))));
}

/** Asks without a server, with the platform's class in its place. */
async function askPlatform({ method, path, headers, body }: Asked): Promise<WireResponse> {
  const standIn = globalThis.Response;
  globalThis.Response = PlatformResponse;
  try {
    const init = method === "POST" ? { method, headers, body } : { method, headers };
    const response = await app.fetch(new Request(new URL(path, "http://a.example"), init));
    const fields = [...response.headers].map(([name, value]) => `${name}: ${value}`).sort();
    const bytes = Buffer.from(await response.arrayBuffer());
    return { status: response.status, fields: theirs(fields), body: bytes.toString("latin1") };
  } finally {
    globalThis.Response = standIn;
  }
}

/** Asks through Mooring. */
async function askUs({ method, path, headers, body }: Asked): Promise<WireResponse> {
  const given = { host: "a.example", connection: "close", ...headers };
  const lines = Object.entries(given).map(([name, value]) => `${name}: ${value}\r\n`);
  if (method === "POST") lines.push(`content-length: ${body.length}\r\n`);
  const head = `${method} ${path} HTTP/1.1\r\n${lines.join("")}\r\n`;
  const { wire, errors } = await see((request) => app.fetch(request), head + body);
  assert.deepEqual(errors, []);
  const [said] = readWire(wire, method);
  return { ...said, fields: theirs(said.fields) };
}

/** Registers the tests. */
export function testApplication(kind: string): void {
  for (const ask of asked) {
    const { method, path } = ask;
    test(`${kind}: Hono answers ${method} ${path} as by the platform's Response`, async () => {
      const expected = await askPlatform(ask);
      for (let i = 0; i < 3; i++) { // because what is made once may be sent again and again
        assert.deepEqual(await askUs(ask), expected);
      }
    });
  }
}

/**
 * What the tests of `Response` in fetch handlers share: the platform's class, and what a client sees of a handler.
 */
import { Buffer } from "node:buffer";
import type { FetchHandler } from "../../../src/api/fetch.ts";
import { NativeResponse } from "../../../src/fetch/response_override.ts";
import { concat } from "../../support/bytes.ts";
import { connect, get, settled } from "../../support/memory.ts";

/** The platform's class, which nobody notes, and as the Fetch standard has it. */
export class PlatformResponse extends NativeResponse {
  constructor(body?: BodyInit | null, init?: ResponseInit) {
    super(body, init);
    // Bun tells the type of a text only to its own server. Subclasses may have other headers, later.
    const headers: Headers = Reflect.get(NativeResponse.prototype, "headers", this);
    if (typeof body === "string" && !headers.has("content-type")) {
      headers.set("content-type", "text/plain;charset=UTF-8");
    }
    // The platforms' servers tell it.
    if (body instanceof Blob) headers.set("content-length", String(body.size));
    else if (ArrayBuffer.isView(body) && body.byteLength > 16 * 1024) {
      headers.set("content-length", String(body.byteLength));
    }
  }

  static override json(data: unknown, init?: ResponseInit): Response {
    const response = super.json(data, init);
    // As on Bun, which has the parameter from nowhere.
    if (response.headers.get("content-type") === "application/json;charset=utf-8") {
      response.headers.set("content-type", "application/json");
    }
    return response;
  }
}

/** What a client saw of a handler, and what its `onError` did. */
export interface Seen {
  /** All that was sent, a character for each byte. */
  readonly wire: string;
  /** All that was sent, as text. */
  readonly text: string;
  readonly errors: readonly unknown[];
  /** How often the handler was called. */
  readonly calls: number;
}

/** Sends `requests` in one piece, and sees the answers when all calls are over. */
export async function see(fetch: FetchHandler, requests: string): Promise<Seen> {
  const calls: Promise<void>[] = [];
  const { client, errors } = connect({
    fetch(request, info) {
      calls.push(info.completed);
      return fetch(request, info);
    },
  });
  client.send(requests);
  for (const call of calls) { // of which there are more by and by
    await call;
    await settled();
  }
  const bytes = Buffer.from(concat(client.written));
  return { wire: bytes.toString("latin1"), text: bytes.toString(), errors, calls: calls.length };
}

/** Two requests in one piece. */
export const GETS: string = get("/1") + get("/2");

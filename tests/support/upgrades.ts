/** Connections in memory that are handed over to another protocol. */
import assert from "node:assert/strict";
import type { CloseReason, ConnectionState } from "../../src/api/transport.ts";
import type { Exchange, Upgraded, UpgradeOptions } from "../../src/api/exchange.ts";
import type { ConnectionOptions } from "../../src/api/options.ts";
import type { FetchInfo } from "../../src/api/fetch.ts";
import { connect, type Connected, get, settled } from "./memory.ts";

/** A request to go on in another protocol. */
export const ASK: string = get("/chat", "Connection: keep-alive, Upgrade", "Upgrade: echo/2, other");
/** What the client gets where that is done. */
export const SWITCHED = "HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: echo/2\r\n\r\n";
/** The kinds of handlers. */
export const WAYS = ["exchange", "async exchange", "fetch", "async fetch"] as const;

/** A handler of this kind that upgrades what asks for it, gives it to `use`, and answers everything else. */
export function upgrading(
  way: typeof WAYS[number],
  use: (upgraded: Upgraded) => void,
  options?: UpgradeOptions,
): ConnectionOptions {
  const exchange = (x: Exchange): void => {
    if (x.header("upgrade") === null && x.method !== "CONNECT") x.respond(200, {}, x.target);
    else use(x.upgrade(options));
  };
  const fetch = (request: Request, info: FetchInfo): Response => {
    if (!request.headers.has("upgrade") && request.method !== "CONNECT") {
      return new Response(new URL(request.url).pathname);
    }
    const upgraded = info.upgrade(options);
    use(upgraded);
    return upgraded.response;
  };
  switch (way) {
    case "exchange":
      return { exchange };
    case "async exchange":
      return { exchange: async (x) => exchange((await null, x)) };
    case "fetch":
      return { fetch };
    case "async fetch":
      return { fetch: async (request, info) => fetch((await null, request), info) };
  }
}

/** A connection that was handed over. */
export interface Switched extends Connected {
  readonly upgraded: Upgraded;
  readonly states: ConnectionState[];
  /** What the client got behind the head. */
  got(): string;
}

/** Connects and upgrades; `after` comes in one piece with the request. */
export async function switched(options: Partial<ConnectionOptions> = {}, after = ""): Promise<Switched> {
  let upgraded: Upgraded | undefined;
  const states: ConnectionState[] = [];
  const connected = connect({
    ...upgrading("exchange", (given) => upgraded = given),
    onStateChange: (_, state) => states.push(state),
    ...options,
  });
  connected.client.send(ASK + after);
  await settled();
  assert.ok(upgraded !== undefined && connected.client.text().startsWith(SWITCHED));
  const got = (): string => connected.client.text().slice(SWITCHED.length);
  return { ...connected, upgraded, states, got };
}

/** UTF-8 of a text. */
export const encode = (text: string): Uint8Array => new TextEncoder().encode(text);
const decode = (bytes: Uint8Array | undefined): string => new TextDecoder().decode(bytes);

/** Reads until `length` bytes have come. */
export async function readText(
  reader: ReadableStreamDefaultReader<Uint8Array>,
  length: number,
): Promise<string> {
  let text = "";
  while (text.length < length) {
    const { done, value } = await reader.read();
    assert.equal(done, false, `the end came after ${JSON.stringify(text)}`);
    text += decode(value);
  }
  return text;
}

/** What a promise rejects with. */
export async function rejection(promise: Promise<unknown>): Promise<unknown> {
  try {
    await promise;
  } catch (error) {
    return error;
  }
  assert.fail("it does not reject");
}

/** Asserts that the connection has ended for this reason, and that nothing of it is left. */
export async function assertEnd(connected: Connected, reason: CloseReason): Promise<void> {
  assert.equal(connected.connection.state, "closed");
  assert.equal(await connected.connection.closed, reason);
  assert.equal(connected.server.stats().closed[reason], 1);
  assert.equal(connected.server.stats().upgraded, 0);
  assert.equal(connected.clock.timers, 0, "no timer is left");
}

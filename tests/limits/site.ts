/**
 * A server on real sockets and those who come to it, all ended with the test.
 */
import assert from "node:assert/strict";
import { setTimeout as delay } from "node:timers/promises";
import { serve, type Server } from "../../mod.ts";
import type { ServeOptions } from "../../src/api/options.ts";
import type { CloseReason, Connection, NetAddr } from "../../src/api/transport.ts";
import { connectTcp } from "../support/byte_streams.ts";
import { inTime } from "../support/deadline.ts";
import { get } from "../support/memory.ts";
import { WireClient, type WireResponse } from "../support/wire_client.ts";
import { test } from "./limit_tests.ts";

/** A client, and the server's side of its connection. */
export class Visitor {
  readonly client: WireClient;
  readonly connection: Connection;
  /** When it came, by `performance.now()`: just before the server accepted it, which cannot be seen from outside. */
  readonly since: number;

  constructor(client: WireClient, connection: Connection, since: number) {
    this.client = client;
    this.connection = connection;
    this.since = since;
  }

  async ask(request: string | Uint8Array = get()): Promise<WireResponse> {
    await this.client.send(request);
    return await this.client.response();
  }

  /** Fails unless the server half-closes, and ends for this reason when the client ends too. */
  async assertEnds(reason: CloseReason): Promise<void> {
    await this.client.assertEnd();
    this.client.end();
    assert.equal(await this.connection.closed, reason);
  }

  /** Sends a piece every so often, until the connection has no use for it any more. */
  async trickle(piece: string | Uint8Array, pause: number, times: number): Promise<void> {
    for (let i = 0; i < times && this.connection.state === "active"; i++) {
      await this.client.send(piece).catch(() => {}); // the server may have cut it off just now
      await delay(pause);
    }
  }
}

/** A server and those who come to it, all ended with the test. */
export class Site implements AsyncDisposable {
  readonly server: Server;
  readonly port: number;
  readonly #arrivals: Arrivals;
  readonly #clients: WireClient[] = [];

  constructor(server: Server, arrivals: Arrivals) {
    this.server = server;
    this.port = (server.addr as NetAddr).port;
    this.#arrivals = arrivals;
  }

  /** Comes to the server. Not two at a time: the sides would not belong together. */
  async visit(): Promise<Visitor> {
    const since = performance.now();
    const client = new WireClient(await connectTcp(this.port));
    const index = this.#clients.push(client) - 1;
    return new Visitor(client, await this.#arrivals.at(index), since);
  }

  async visits(count: number): Promise<Visitor[]> {
    const visitors: Visitor[] = [];
    while (visitors.length < count) visitors.push(await this.visit());
    return visitors;
  }

  /** A visitor that has asked once. */
  async guest(): Promise<Visitor & { readonly greeting: WireResponse }> {
    const visitor = await this.visit();
    return Object.assign(visitor, { greeting: await visitor.ask() });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const client of this.#clients) client.reset();
    await inTime(this.server.close(), "the end of the server");
    sites.delete(this);
  }
}

/** The connections of a server, in the order in which they came. */
class Arrivals {
  readonly #all: Connection[] = [];
  #tell: () => void = () => {};

  add(connection: Connection): void {
    this.#all.push(connection);
    this.#tell();
  }

  async at(index: number): Promise<Connection> {
    while (this.#all.length <= index) await new Promise<void>((resolve) => this.#tell = resolve);
    return this.#all[index];
  }
}

/** Those that have not ended. */
const sites = new Set<Site>();

export async function open(options: ServeOptions): Promise<Site> {
  const arrivals = new Arrivals();
  const server = await serve({
    port: 0,
    hostname: "127.0.0.1",
    onError: () => {},
    onStateChange: (connection, state) => state === "new" && arrivals.add(connection),
    ...options,
  });
  const site = new Site(server, arrivals);
  sites.add(site);
  return site;
}

/** The last test of a file: where one waits in vain, its servers would keep the file from ending. */
export function testThatEveryServerHasEnded(): void {
  test("every server has ended", async () => {
    const left = [...sites];
    for (const site of left) await site[Symbol.asyncDispose]();
    assert.equal(left.length, 0);
  });
}

/** Connections in memory that come from a proxy, and handlers that tell their addresses. */
import assert from "node:assert/strict";
import { MemoryTransport } from "../../src/adapters/memory.ts";
import type { Addr } from "../../src/api/transport.ts";
import type { Exchange } from "../../src/api/exchange.ts";
import type { ConnectionOptions } from "../../src/api/options.ts";
import { HttpServer } from "../../src/server/http_server.ts";
import { connectionSettings } from "../../src/options/settings.ts";
import { FakeClock } from "./fake_clock.ts";
import { type Connected, parseResponses } from "./memory.ts";

/** Everybody on a connection in memory. */
export const UNKNOWN = { proxyProtocol: { allow: ["unknown"] } } as const;

/** The ends of the proxy's own connection. */
export const OWN = {
  remoteAddr: { transport: "tcp", hostname: "10.0.0.2", port: 40_000 },
  localAddr: { transport: "tcp", hostname: "10.0.0.1", port: 8000 },
} as const;

/** A connection in memory with addresses. */
export class PeerTransport extends MemoryTransport {
  override readonly remoteAddr: Addr | undefined;
  override readonly localAddr: Addr | undefined = OWN.localAddr;

  constructor(remoteAddr: Addr | undefined) {
    super();
    this.remoteAddr = remoteAddr;
  }
}

/** As `connect`, from an address. */
export function connectFrom(remoteAddr: Addr | undefined, options: ConnectionOptions): Connected {
  const clock = new FakeClock();
  const server = new HttpServer(options, connectionSettings(options), clock);
  const client = new PeerTransport(remoteAddr);
  const internal = server.accept(client);
  return { client, connection: internal.facade, internal, server, clock, errors: [] };
}

/** An address of this host. */
export function tcp(hostname: string): Addr {
  return { transport: "tcp", hostname, port: 40_000 };
}

/** Answers with the ends of the connection, and the target. */
export function tell(x: Exchange): void {
  x.respond(200, {}, JSON.stringify([x.remoteAddr, x.connection.localAddr, x.target]));
}

/** What `tell` answers. */
export function told(ends: { readonly remoteAddr: Addr; readonly localAddr: Addr }, target: string): string {
  return JSON.stringify([ends.remoteAddr, ends.localAddr, target]);
}

/** The bodies of the responses that came. */
export function bodies({ client }: Pick<Connected, "client">): string[] {
  return parseResponses(client.text()).map(({ body }) => body);
}

/** The statuses of the responses that came. */
export function statuses({ client }: Pick<Connected, "client">): number[] {
  return parseResponses(client.text()).map(({ status }) => status);
}

/** Asserts that the connection was ended at once, without an answer. */
export async function assertCutOff({ client, connection, server }: Connected, of: string): Promise<void> {
  assert.equal(client.closed, true, of);
  assert.equal(client.text(), "", of);
  assert.equal(connection.state, "closed", of);
  assert.equal(await connection.closed, "protocol_error", of);
  assert.equal(connection.requests, 0, of);
  assert.deepEqual(server.stats().closed, { protocol_error: 1 }, of);
}

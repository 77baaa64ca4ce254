/**
 * What a client in memory has got from the server, and how its connection ended.
 */
import assert from "node:assert/strict";
import type { MemoryTransport } from "../../src/adapters/memory.ts";
import { ProtocolError } from "../../src/api/errors.ts";
import type { CloseReason } from "../../src/api/transport.ts";
import type { Connection } from "../../src/api/transport.ts";
import { type ParsedResponse, parseResponses } from "../support/memory.ts";

export function statuses(client: MemoryTransport): number[] {
  return parseResponses(client.text()).map(({ status }) => status);
}

/** The last response that came, and how it wants the connection to go on. */
export function last(client: MemoryTransport): ParsedResponse & { connection?: string; hint?: string } {
  const response = parseResponses(client.text()).at(-1)!;
  const field = (name: string): string => response.headers.get(name)!;
  return { ...response, connection: field("connection"), hint: field("keep-alive") };
}

/** Fails unless the connection has said its last, and ends for this reason once the client ends too. */
export async function assertEnds(
  { client, connection }: { client: MemoryTransport; connection: Connection },
  reason: CloseReason,
): Promise<void> {
  assert.ok(client.ended || client.closed, `it is ${connection.state}, and has not ended`);
  client.sendEnd();
  assert.equal(await connection.closed, reason);
}

export function assertProtocolError(error: unknown, code: string, status: number): void {
  assert.ok(error instanceof ProtocolError, `a ProtocolError, not ${error}`);
  assert.deepEqual([error.code, error.status], [code, status]);
}

/**
 * How the server refuses on real sockets, and what the handler is told of it.
 */
import assert from "node:assert/strict";
import { ProtocolError } from "../../src/api/errors.ts";
import type { WireResponse } from "../support/wire_client.ts";

/** Fails unless `response` refuses with this status, and the connection with it. */
export function assertRefused(response: WireResponse, status: number): void {
  assert.deepEqual([response.status, response.headers.get("connection")], [status, "close"]);
}

export function assertProtocolError(error: unknown, code: string): void {
  assert.ok(error instanceof ProtocolError && error.code === code, `${code}, not ${error}`);
}

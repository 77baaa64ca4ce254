/**
 * What a handler is told when its client is gone.
 */
import assert from "node:assert/strict";
import { ConnectionError } from "../../../src/api/errors.ts";
import { causeOf } from "../../support/abort_cause.ts";

/** What a pending signal is aborted with. */
export function aborted(signal: AbortSignal): Promise<unknown> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve(signal.reason);
    signal.addEventListener("abort", () => resolve(signal.reason), { once: true });
  });
}

export function assertPeerGone(told: unknown): void {
  const error = causeOf(told);
  assert.ok(error instanceof ConnectionError, `a ConnectionError, not ${error}`);
  assert.equal(error.code, "peer_gone");
}

/** Exchange handlers that many tests have, and one request to a handler of the test's own. */
import assert from "node:assert/strict";
import type { Exchange } from "../../src/api/exchange.ts";
import { connect } from "./memory.ts";

/** Answers with the target. */
export const echoTarget = (x: Exchange): void => x.respond(200, {}, x.target);

/** Answers when the test calls what it pushed. */
export function deferring(): { exchange: (x: Exchange) => void; answer: (() => void)[] } {
  const answer: (() => void)[] = [];
  return { answer, exchange: (x) => void answer.push(() => x.respond(200, {}, x.target)) };
}

/** Runs `handler` on one request, and gives what the client read. */
export function ask(request: string, handler: (x: Exchange) => void | Promise<void>): string {
  const { client, errors } = connect({ exchange: handler });
  client.send(request);
  assert.deepEqual(errors, []);
  return client.text();
}

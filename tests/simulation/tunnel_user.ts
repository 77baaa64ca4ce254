/**
 * What a handler does with a connection that it was handed: writes, reads, and ends in one of the ways there are.
 */
import type { Upgraded } from "../../src/api/exchange.ts";
import { Answer, type Entry } from "./ledger.ts";
import type { Acting } from "./handler_call.ts";
import type { TunnelEnd } from "./plan.ts";
import { responseContent } from "./request_writer.ts";
import type { World } from "./world.ts";

/** How much each write has, in bytes. */
const WRITE = 1000;

/** Uses `upgraded`. Whatever fails in it fails for whoever waits, not for the process. */
export function* useTunnel(
  world: World,
  entry: Entry,
  { readable, writable }: Upgraded,
  { writes, ends }: { readonly writes: number; readonly ends: TunnelEnd },
): Acting {
  const content = responseContent(entry.client, entry.request.id);
  entry.upgraded = true;
  const answer = entry.answer = new Answer();
  answer.phase = "complete";
  const writer = writable.getWriter();
  writer.closed.catch(() => {});
  for (let i = 0; i < writes; i++) {
    const from = answer.length;
    answer.length += WRITE;
    yield writer.write(content.bytes(from, from + WRITE));
  }
  switch (ends) {
    case "closes":
      void readable.cancel().catch(() => {});
      yield writer.close();
      return;
    case "aborts":
      yield writer.abort(new Error("aborted"));
      return;
    case "reads to the end":
      for (const reader = readable.getReader();;) {
        const { done } = (yield reader.read()) as ReadableStreamReadResult<Uint8Array>;
        if (done) break;
      }
      yield writer.close();
      return;
    case "cancels":
      yield readable.cancel();
      world.after(50, () => void writer.close().catch(() => {}));
      return;
    case "leaves it":
      return;
  }
}

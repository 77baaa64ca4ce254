/**
 * Handlers of both kinds for the limits on real sockets, and what their readers are told.
 */
import type { Exchange } from "../../src/api/exchange.ts";
import type { ConnectionOptions } from "../../src/api/options.ts";
import type { Timeouts } from "../../src/api/timeouts.ts";
import { concat } from "../support/bytes.ts";

/** The two kinds of handler. */
export const KINDS: readonly ["exchange", "fetch"] = ["exchange", "fetch"];
export type Kind = typeof KINDS[number];

export const ok = (x: Exchange): void => x.respond(200, {}, x.target);

/** What handlers of either kind see. */
export interface Asked {
  readonly target: string;
  text(): Promise<string>;
  setTimeouts(timeouts: Timeouts): void;
}

/** A handler of this kind that answers with what `answer` says. */
export function handler(
  kind: Kind,
  answer: (asked: Asked) => Promise<Uint8Array<ArrayBuffer>>,
): ConnectionOptions {
  if (kind === "exchange") return { exchange: async (x) => x.respond(200, {}, await answer(x)) };
  return {
    async fetch(request, info) {
      const body = await answer({
        target: new URL(request.url).pathname,
        text: () => request.text(),
        setTimeouts: (timeouts) => info.setTimeouts(timeouts),
      });
      return new Response(body, { headers: { "content-length": String(body.length) } });
    },
  };
}

/** A handler of this kind that answers with the length of the body, and keeps what its reader is told. */
export function counting(kind: Kind): { options: ConnectionOptions; told: unknown[] } {
  const told: unknown[] = [];
  const options = handler(kind, async (asked) => {
    try {
      return concat([String((await asked.text()).length)]);
    } catch (error) {
      told.push(error);
      throw error;
    }
  });
  return { options, told };
}

/** Does it with both kinds of handler at the same time. */
export async function withBothKinds(doing: (kind: Kind) => Promise<void>): Promise<void> {
  await Promise.all(KINDS.map(doing));
}

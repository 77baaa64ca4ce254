/**
 * Handlers of both kinds for the limits on the fake clock, and what they are told.
 */
import type { Exchange } from "../../src/api/exchange.ts";
import type { ConnectionOptions } from "../../src/api/options.ts";
import type { Timeouts } from "../../src/api/timeouts.ts";

/** The two kinds of handler, which must be told the same. */
export const KINDS: readonly ["exchange", "fetch"] = ["exchange", "fetch"];
export type Kind = typeof KINDS[number];

/** Answers at once, but "/pending" never. */
export const ok = (x: Exchange): void => x.target === "/pending" ? undefined : x.respond(200);
export const echo = async (x: Exchange): Promise<void> => x.respond(200, {}, await x.text());

/** What handlers of either kind see. */
export interface Asked {
  readonly target: string;
  readonly signal: AbortSignal;
  text(): Promise<string>;
  setTimeouts(timeouts: Timeouts): void;
}

/** A handler of this kind that answers 200 with what `answer` says. */
export function handler(kind: Kind, answer: (asked: Asked) => Promise<string>): ConnectionOptions {
  if (kind === "exchange") return { exchange: async (x) => x.respond(200, {}, await answer(x)) };
  return {
    fetch: async (request, info) =>
      new Response(
        await answer({
          target: new URL(request.url).pathname,
          signal: request.signal,
          text: () => request.text(),
          setTimeouts: (timeouts) => info.setTimeouts(timeouts),
        }),
      ),
  };
}

/** A handler that reads the body to its end, and keeps what it is told. */
export function reading(
  kind: Kind,
): { options: ConnectionOptions; told: { signal?: AbortSignal; reader?: unknown } } {
  const told: { signal?: AbortSignal; reader?: unknown } = {};
  const options = handler(kind, (asked) => {
    told.signal = asked.signal;
    const text = asked.text();
    text.catch((error) => told.reader = error);
    return text;
  });
  return { options: { ...options, onError: () => {} }, told };
}

/** A handler of this kind that sets these times for "/own", and reads the body to its end. */
export function setting(kind: Kind, timeouts: Timeouts): ConnectionOptions {
  const answer = handler(kind, (asked) => {
    if (asked.target === "/own") asked.setTimeouts(timeouts);
    return asked.text();
  });
  return { ...answer, onError: () => {} };
}

/**
 * Handlers of both kinds that answer alike.
 */
import type { ConnectionOptions } from "../../../src/api/options.ts";
import type { Connection } from "../../../src/api/transport.ts";

/** The two kinds of handler, which mostly must do the same. */
export const KINDS: readonly ["exchange", "fetch"] = ["exchange", "fetch"];
export type Kind = typeof KINDS[number];

/** What a handler of either kind sees of a request. */
export interface Asked {
  readonly target: string;
  readonly signal: AbortSignal;
  readonly connection: Connection;
  bytes(): Promise<Uint8Array>;
  stream(): ReadableStream<Uint8Array>;
}
export type Reply = string | Uint8Array<ArrayBuffer>;

/** A handler of this kind that answers 200 with what `answer` says, at once where that is there at once. */
export function handler(kind: Kind, answer: (asked: Asked) => Reply | Promise<Reply>): ConnectionOptions {
  if (kind === "exchange") {
    return {
      exchange(x) {
        const respond = (body: Reply): void => x.respond(200, undefined, body);
        const reply = answer({
          target: x.target,
          connection: x.connection,
          // Not before it is asked for: a signal that nobody looks at costs the engine nothing.
          get signal() {
            return x.signal;
          },
          bytes: () => x.bytes(),
          stream: () => x.stream(),
        });
        return reply instanceof Promise ? reply.then(respond) : respond(reply);
      },
    };
  }
  return {
    fetch(request, { connection }) {
      const respond = (body: Reply): Response => new Response(body);
      const reply = answer({
        target: new URL(request.url).pathname,
        connection,
        get signal() {
          return request.signal;
        },
        bytes: async () => new Uint8Array(await request.arrayBuffer()),
        stream: () => request.body!,
      });
      return reply instanceof Promise ? reply.then(respond) : respond(reply);
    },
  };
}

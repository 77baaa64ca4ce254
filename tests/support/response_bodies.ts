/**
 * Bodies that fetch handlers give by native `Response` and by `FastResponse`, and what a client in memory gets of
 * them.
 */
import { FastResponse } from "../../mod.ts";
import type { ConnectionOptions } from "../../src/api/options.ts";
import type { FetchInfo } from "../../src/api/fetch.ts";
import { quiet } from "./fetch_answers.ts";
import { connect, type Connected, get } from "./memory.ts";

/** Makes a response of each kind. As in an app, the global is looked up when it is used. */
export const MAKERS: readonly (readonly [kind: string, make: MakeResponse])[] = [
  ["Response", (body, init) => new Response(body, init)],
  ["FastResponse", (body, init) => new FastResponse(body, init)],
];

type MakeResponse = (body?: BodyInit | null, init?: ResponseInit) => Response;

/** UTF-8 of a text. */
export const encode = (text: string): Uint8Array<ArrayBuffer> => new TextEncoder().encode(text);
/** A request by HTTP/1.0. */
export const HTTP_1_0 = "GET / HTTP/1.0\r\n\r\n";

/** Connects, and asks with `request` for the response that `answer` makes. */
export async function ask(
  answer: (info: FetchInfo, request: Request) => Response | Promise<Response>,
  request: string = get(),
  options: ConnectionOptions = {},
): Promise<Connected> {
  const connected = connect({ ...options, fetch: (asked, info) => answer(info, asked) });
  connected.client.send(request);
  await quiet();
  return connected;
}

/** A stream that counts, and gives `pieces` pieces of `size` bytes. */
export class Source {
  pulls = 0;
  cancelled: unknown = undefined;
  readonly stream: ReadableStream<Uint8Array<ArrayBuffer>>;

  constructor(pieces: number, size: number, type?: "bytes") {
    this.stream = new ReadableStream({
      type: type as undefined,
      pull: (controller) => {
        if (this.pulls++ === pieces) controller.close();
        else controller.enqueue(new Uint8Array(size).fill(97));
        // A byte stream that is closed while somebody waits must answer that request too.
        if (type === "bytes" && this.pulls > pieces) {
          (controller as unknown as ReadableByteStreamController).byobRequest?.respond(0);
        }
      },
      cancel: (reason) => void (this.cancelled = reason ?? true),
    }, { highWaterMark: 0 });
  }
}

/** Some turns of the event loop: more than a native body takes to be read. */
export async function turns(): Promise<void> {
  for (let i = 0; i < 10; i++) await new Promise((resolve) => setTimeout(resolve));
}

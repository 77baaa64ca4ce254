/**
 * The server that real clients are tried on: it answers on `/echo` with the request's body, on `/form` with
 * what a form says, on `/stream` with a body of many pieces, and else with the path.
 */
import { serve, type Server } from "../../mod.ts";
import type { NetAddr } from "../../src/api/transport.ts";
import type { ConnectionOptions, ServeOptions } from "../../src/api/options.ts";

/** A server on a port of its own; ends with `await using`. */
export interface SampleServer extends AsyncDisposable {
  readonly server: Server;
  readonly port: number;
  /** The URL of a path. */
  url(path: string): string;
}

/** Pieces and bytes of a piece of `/stream`. */
export const STREAM = { pieces: 100, size: 10_000 } as const;

/** Starts one, also with `options`: with `fetch`, or, to be quick, with `exchange`, which knows paths only. */
export async function sampleServer(
  kind: "fetch" | "exchange" = "fetch",
  options: Omit<ServeOptions, "fetch" | "exchange"> = {},
): Promise<SampleServer> {
  const handler: ConnectionOptions = kind === "fetch"
    ? { fetch: answer }
    : { exchange: (x) => x.respond(200, { "content-type": "text/plain" }, x.target) };
  const server = await serve({ ...handler, ...options, port: 0, hostname: "127.0.0.1" });
  return {
    server,
    port: (server.addr as NetAddr).port,
    url: (path) => new URL(path, server.url).href,
    [Symbol.asyncDispose]: () => server.close(),
  };
}

async function answer(request: Request): Promise<Response> {
  const { pathname } = new URL(request.url);
  switch (pathname) {
    case "/echo":
      return new Response(await request.arrayBuffer());
    case "/form": {
      const form = await request.formData();
      const file = form.get("file") as File;
      return Response.json({ text: form.get("text"), name: file.name, size: file.size });
    }
    case "/stream":
      return new Response(streamOfPieces());
    case "/missing":
      return new Response("missing", { status: 404 });
    default:
      return new Response(pathname);
  }
}

function streamOfPieces(): ReadableStream<Uint8Array<ArrayBuffer>> {
  let piece = 0;
  return new ReadableStream({
    pull(controller) {
      if (piece === STREAM.pieces) controller.close();
      else controller.enqueue(new Uint8Array(STREAM.size).fill(piece++));
    },
  });
}

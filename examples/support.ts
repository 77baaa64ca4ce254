// What the examples share beside their own points: routes with 404 and 405, the first line that they print, and
// a good end on SIGINT and SIGTERM.
import process from "node:process";
import { FastResponse, type FetchHandler, type Server } from "../mod.ts";

/** Handlers by path and method. A GET handler answers HEAD too: the server sends no body then. */
export type Routes = Readonly<Record<string, { readonly GET?: FetchHandler; readonly POST?: FetchHandler }>>;

/** Makes one handler of many: 404 where there is no such path, 405 where it does not take the method. */
export function route(routes: Routes): FetchHandler {
  const paths = new Map(Object.entries(routes));
  return (request, info) => {
    const methods = paths.get(new URL(request.url).pathname);
    if (methods === undefined) {
      return new FastResponse(`Not found. There are ${[...paths.keys()].join(", ")}.\n`, { status: 404 });
    }
    const method = request.method === "HEAD" ? "GET" : request.method;
    if (method === "GET" && methods.GET) return methods.GET(request, info);
    if (method === "POST" && methods.POST) return methods.POST(request, info);
    const allow = [...methods.GET ? ["GET", "HEAD"] : [], ...methods.POST ? ["POST"] : []].join(", ");
    return new FastResponse(`This path takes ${allow}.\n`, { status: 405, headers: { allow } });
  };
}

const isStyled = process.stdout.isTTY && !process.env.NO_COLOR;

/** Text that stands out in a terminal, */
export const bold = (text: string): string => isStyled ? `\x1b[1m${text}\x1b[22m` : text;
/** and text that does not. */
export const dim = (text: string): string => isStyled ? `\x1b[2m${text}\x1b[22m` : text;

/** Tells where the server listens, and on which runtime; then what can be done there, a line for each of `hints`. */
export function announce(server: Server, hints: Readonly<Record<string, string>>): void {
  const { bun, deno, node } = process.versions;
  const runtime = deno ? `Deno ${deno}` : bun ? `Bun ${bun}` : `Node ${node}`;
  const lines = Object.entries(hints).map(([what, text]) => `${dim(`${what}:`)} ${text}`);
  console.log([`${bold("Mooring")} on ${runtime} listens on ${bold(server.url)}`, ...lines].join("\n"));
}

/**
 * Ends the server on a signal: the first lets requests in flight finish, the second does not wait. `endStreams`
 * ends what would never finish by itself; the report waits for that.
 */
export function endOnSignals(server: Server, endStreams: () => unknown = () => {}): void {
  let stopping = false;
  for (const signal of ["SIGINT", "SIGTERM"] as const) {
    process.on(signal, async () => {
      if (stopping) return await server.close();
      stopping = true;
      console.log("Shutting down");
      const streams = endStreams();
      const { finished, idleClosed, forced } = await server.shutdown({ timeout: 5_000 });
      await streams;
      console.log(`Connections: ${finished} finished, ${idleClosed} were idle, ${forced} were cut off`);
    });
  }
}

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

/** Tells where the server listens, and on which runtime. */
export function announce(server: Server): void {
  const { bun, deno, node } = process.versions;
  const runtime = deno ? `Deno ${deno}` : bun ? `Bun ${bun}` : `Node ${node}`;
  console.log(`Mooring on ${runtime} listens on ${server.url}`);
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

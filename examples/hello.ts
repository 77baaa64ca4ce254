// A first server: answers over kept-alive connections, logs which connection each request came on, and shows its
// connections on a page.
// Run it with `npm start`; PORT chooses the port.
import process from "node:process";
import { FastResponse, type FetchInfo, serve } from "../mod.ts";
import { inspectorOf } from "./inspector/routes.ts";
import { announce, dim, endOnSignals, route } from "./support.ts";

const inspector = await inspectorOf(() => server, "/inspector/");

const answer = route({
  ...inspector.routes,
  "/": {
    GET: (_request, { connection }) =>
      new FastResponse(`Hello! This is request ${connection.requests} on connection ${connection.id}.\n`),
  },
  "/json": {
    GET: (_request, { connection }) =>
      FastResponse.json({ connection: connection.id, request: connection.requests }),
  },
  "/echo": { POST: async (request) => new FastResponse(await request.bytes()) },
});

const server = await serve({
  port: Number(process.env.PORT ?? 8000),

  fetch(request, info) {
    const { pathname } = new URL(request.url);
    if (!pathname.startsWith("/inspector/")) log(request.method, pathname, info);
    return answer(request, info);
  },

  onStateChange(connection, state) {
    if (state === "closed") {
      console.log(dim(`connection ${connection.id} · closed after ${connection.requests}`));
    }
  },
});

function log(method: string, pathname: string, { connection: { id, requests } }: FetchInfo): void {
  const reused = requests > 1 ? " (reused)" : "";
  console.log(`connection ${id} · request ${requests}${reused} · ${method} ${pathname}`);
}

endOnSignals(server, () => inspector.close());
announce(server, {
  Try: `curl -v ${new URL("/", server.url)} ${new URL("/json", server.url)}`,
  See: `${new URL("/inspector/", server.url)} shows the connections, live`,
});

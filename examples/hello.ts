// A first server: answers over kept-alive connections, and logs which connection each request came on.
// Run it with `npm start`; PORT chooses the port.
import process from "node:process";
import { FastResponse, serve } from "../mod.ts";
import { announce, endOnSignals } from "./support.ts";

const server = await serve({
  port: Number(process.env.PORT ?? 8000),

  async fetch(request, { connection }) {
    const { pathname } = new URL(request.url);
    const nth = connection.requests;
    const reused = nth > 1 ? " (reused)" : "";
    console.log(`connection ${connection.id} · request ${nth}${reused} · ${request.method} ${pathname}`);

    if (pathname === "/" && request.method === "GET") {
      return new FastResponse(`Hello! This is request ${nth} on connection ${connection.id}.\n`);
    }
    if (pathname === "/json" && request.method === "GET") {
      return FastResponse.json({ connection: connection.id, request: nth });
    }
    if (pathname === "/echo" && request.method === "POST") {
      return new FastResponse(await request.bytes());
    }
    return new FastResponse("Not found. There are GET /, GET /json and POST /echo.\n", { status: 404 });
  },

  onStateChange(connection, state) {
    if (state === "closed") console.log(`connection ${connection.id} · closed after ${connection.requests}`);
  },
});

endOnSignals(server);
announce(server);
console.log(`Try: curl -v ${new URL("/", server.url)} ${new URL("/json", server.url)}`);

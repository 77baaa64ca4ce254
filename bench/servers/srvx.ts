// srvx as its guide makes it fastest: with its FastResponse, which is the platform's Response but on Node. GET
// answers `body`, POST echoes, as text, which is much faster here than bytes.

import { FastResponse, serve } from "srvx";
import { body, hostname, init, port } from "./app.ts";

const server = serve({
  port,
  hostname,
  silent: true,
  node: { optimizeEmptyRequests: true },
  fetch(request) {
    if (request.method === "POST") return request.text().then((body) => new FastResponse(body));
    return new FastResponse(body, init);
  },
});
await server.ready();
console.log("ready");

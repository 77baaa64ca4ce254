// srvx with a Hono app, which finds FastResponse as the global Response: the fastest way there, on Node.

import { FastResponse, serve } from "srvx";
import { hostname, port } from "./app.ts";
import { app } from "./hono_app.ts";

globalThis.Response = FastResponse;

const server = serve({
  port,
  hostname,
  silent: true,
  node: { optimizeEmptyRequests: true },
  fetch: app.fetch,
});
await server.ready();
console.log("ready");

// srvx as its guide makes it fastest: with its FastResponse as the global Response.

import { FastResponse, serve } from "srvx";
import { hostname, loadApp, pem, port } from "../settings.ts";

globalThis.Response = FastResponse;

const server = serve({
  port,
  hostname,
  silent: true,
  node: { optimizeEmptyRequests: true },
  ...pem ? { tls: pem } : {},
  fetch: await loadApp(),
});
await server.ready();
console.log("ready");

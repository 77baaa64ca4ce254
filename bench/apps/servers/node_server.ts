// @hono/node-server as its README makes it fastest: see bench/servers/hono_node_server.ts.

import { createServer } from "node:https";
import { serve } from "@hono/node-server";
import { hostname, loadApp, pem, port } from "../settings.ts";

serve({
  port,
  hostname,
  autoCleanupIncoming: false,
  fetch: await loadApp(),
  ...pem
    ? { createServer, serverOptions: { optimizeEmptyRequests: true, ...pem } }
    : { serverOptions: { optimizeEmptyRequests: true } },
}, () => console.log("ready"));

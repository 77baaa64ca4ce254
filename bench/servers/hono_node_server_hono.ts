// @hono/node-server with a Hono app, set up as hono_node_server.ts.

import { serve } from "@hono/node-server";
import { hostname, port } from "./app.ts";
import { app } from "./hono_app.ts";

serve({
  port,
  hostname,
  autoCleanupIncoming: false,
  serverOptions: { optimizeEmptyRequests: true },
  fetch: app.fetch,
}, () => console.log("ready"));

// @hono/node-server as its README makes it fastest: lightweight global Request and Response (the default), and no
// clean-up of requests that were not read to their end. GET answers `body`, POST echoes, as text, which is much faster
// here than bytes.

import { serve } from "@hono/node-server";
import { body, hostname, port } from "./app.ts";

serve({
  port,
  hostname,
  autoCleanupIncoming: false,
  serverOptions: { optimizeEmptyRequests: true },
  fetch(request) {
    if (request.method === "POST") return request.text().then((body) => new Response(body));
    return new Response(body);
  },
}, () => console.log("ready"));

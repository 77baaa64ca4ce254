// srvx, with its defaults.

import { serve } from "srvx";
import { bodyOf, hostname, port } from "./app.ts";

const server = serve({
  port,
  hostname,
  silent: true,
  fetch: async (request) =>
    new Response(
      request.method === "POST"
        ? String((await request.arrayBuffer()).byteLength)
        : bodyOf(new URL(request.url).pathname),
    ),
});
await server.ready();
console.log("ready");

// @hono/node-server, with its defaults.

import { serve } from "@hono/node-server";
import { bodyOf, hostname, port } from "./app.ts";

const fetch = async (request: Request): Promise<Response> =>
  new Response(
    request.method === "POST"
      ? String((await request.arrayBuffer()).byteLength)
      : bodyOf(new URL(request.url).pathname),
  );

serve({ port, hostname, fetch }, () => console.log("ready"));

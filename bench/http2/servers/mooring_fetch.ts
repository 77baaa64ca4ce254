// Mooring with a `fetch` handler and the runtime's own Response.

import { serve } from "../../../mod.ts";
import { answerPost, body, hostname, port, tls } from "./app.ts";

await serve({
  port,
  hostname,
  http2: true,
  ...tls ? { tls } : {},
  fetch: (request) => request.method === "POST" ? answerPost(request) : new Response(body),
});
console.log("ready");

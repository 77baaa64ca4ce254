// Mooring with a `fetch` handler that returns the platform's Response. GET answers `body`, POST echoes.

import { serve } from "../../mod.ts";
import { body, hostname, port } from "./app.ts";

await serve({
  port,
  hostname,
  fetch(request) {
    if (request.method === "POST") return request.bytes().then((body) => new Response(body));
    return new Response(body);
  },
});
console.log("ready");

// Mooring with a `fetch` handler that returns FastResponse: GET answers `body`, POST echoes.

import { FastResponse, serve } from "../../mod.ts";
import { body, hostname, port } from "./app.ts";

await serve({
  port,
  hostname,
  fetch(request) {
    if (request.method === "POST") return request.bytes().then((body) => new FastResponse(body));
    return new FastResponse(body);
  },
});
console.log("ready");

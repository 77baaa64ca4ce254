// Mooring with its default limits, HTTP/2 beside HTTP/1.1, and `maxConnections` where a cap is asked for.

import { FastResponse, serve } from "../../../mod.ts";
import { bodyOf, hostname, maxConnections, port, tls } from "./app.ts";

await serve({
  port,
  hostname,
  maxConnections,
  http2: true,
  ...tls ? { tls } : {},
  fetch(request) {
    if (request.method === "POST") {
      return request.bytes().then((body) => new FastResponse(String(body.length)));
    }
    return new FastResponse(bodyOf(request.url));
  },
});
console.log("ready");

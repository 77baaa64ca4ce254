// Mooring with a `fetch` handler that returns FastResponse: GET answers "hello", POST echoes. Argument: the port.

import process from "node:process";
import { FastResponse, serve } from "../../mod.ts";

await serve({
  port: Number(process.argv[2]),
  hostname: "127.0.0.1",
  fetch(request) {
    if (request.method === "POST") return request.bytes().then((body) => new FastResponse(body));
    return new FastResponse("hello");
  },
});
console.log("ready");

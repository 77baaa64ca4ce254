// Mooring with a `fetch` handler that returns the platform's Response: the same handler as Bun.serve and Deno.serve
// get. Argument: the port.

import process from "node:process";
import { serve } from "../../mod.ts";

await serve({
  port: Number(process.argv[2]),
  hostname: "127.0.0.1",
  fetch(request) {
    if (request.method === "POST") return request.bytes().then((body) => new Response(body));
    return new Response("hello");
  },
});
console.log("ready");

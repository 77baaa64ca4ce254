// Mooring with an `exchange` handler: GET answers "hello", POST echoes. Argument: the port.

import process from "node:process";
import { serve } from "../../mod.ts";

await serve({
  port: Number(process.argv[2]),
  hostname: "127.0.0.1",
  exchange(x) {
    if (x.method !== "POST") return x.respond(200, { "content-type": "text/plain" }, "hello");
    return x.bytes().then((body) => x.respond(200, { "content-type": "text/plain" }, body));
  },
});
console.log("ready");

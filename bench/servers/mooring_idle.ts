// Mooring that keeps idle connections for a given time. Arguments: the port, the idle time in milliseconds.

import process from "node:process";
import { serve } from "../../mod.ts";

await serve({
  port: Number(process.argv[2]),
  hostname: "127.0.0.1",
  idleTimeout: Number(process.argv[3]),
  idleTimeoutBuffer: 0,
  exchange: (x) => x.respond(200, { "content-type": "text/plain" }, "hello"),
});
console.log("ready");

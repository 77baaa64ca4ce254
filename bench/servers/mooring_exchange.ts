// Mooring with an `exchange` handler: GET answers `body`, POST echoes.

import { serve } from "../../mod.ts";
import { body, hostname, port } from "./app.ts";

await serve({
  port,
  hostname,
  exchange(x) {
    if (x.method !== "POST") return x.respond(200, { "content-type": "text/plain" }, body);
    return x.bytes().then((body) => x.respond(200, { "content-type": "text/plain" }, body));
  },
});
console.log("ready");

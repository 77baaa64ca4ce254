// Mooring with an `exchange` handler.

import { serve } from "../../../mod.ts";
import { body, hostname, port, tls } from "./app.ts";

const FIELDS = { "content-type": "text/plain" };

await serve({
  port,
  hostname,
  http2: true,
  ...tls ? { tls } : {},
  exchange(x) {
    if (x.method !== "POST") return x.respond(200, FIELDS, body);
    return x.bytes().then((sent) =>
      x.respond(200, FIELDS, x.target === "/echo" ? sent : String(sent.length))
    );
  },
});
console.log("ready");

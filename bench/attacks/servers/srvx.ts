// srvx, with its defaults.

import { serve } from "srvx";
import { hostname, port, respond } from "./app.ts";

const server = serve({ port, hostname, silent: true, fetch: respond });
await server.ready();
console.log("ready");

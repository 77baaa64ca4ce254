// Mooring with a Hono app.

import { serve } from "../../mod.ts";
import { hostname, port } from "./app.ts";
import { app } from "./hono_app.ts";

await serve({ port, hostname, fetch: (request) => app.fetch(request) });
console.log("ready");

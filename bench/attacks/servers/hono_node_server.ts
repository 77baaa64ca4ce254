// @hono/node-server, with its defaults.

import { serve } from "@hono/node-server";
import { hostname, port, respond } from "./app.ts";

serve({ port, hostname, fetch: respond }, () => console.log("ready"));

// Bun.serve with a Hono app, as Hono's documentation has it.

import { hostname, port } from "./app.ts";
import { app } from "./hono_app.ts";

declare const Bun: {
  serve(options: { port: number; hostname: string; fetch: typeof app.fetch }): unknown;
};

Bun.serve({ port, hostname, fetch: app.fetch });
console.log("ready");

// Deno.serve with a Hono app, as Hono's documentation has it.

import { hostname, port } from "./app.ts";
import { app } from "./hono_app.ts";

declare const Deno: {
  serve(
    options: { port: number; hostname: string; tcpBacklog: number; onListen(): void },
    handler: typeof app.fetch,
  ): unknown;
};

Deno.serve({ port, hostname, tcpBacklog: 1024, onListen: () => console.log("ready") }, app.fetch);

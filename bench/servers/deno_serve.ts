// Deno.serve. GET answers `body`, POST echoes, as text, which is faster here than bytes.

import { body, hostname, port } from "./app.ts";

declare const Deno: {
  serve(
    options: { port: number; hostname: string; tcpBacklog: number; onListen(): void },
    handler: (request: Request) => Response | Promise<Response>,
  ): unknown;
};

Deno.serve({ port, hostname, tcpBacklog: 1024, onListen: () => console.log("ready") }, (request) => {
  if (request.method === "POST") return request.text().then((body) => new Response(body));
  return new Response(body);
});

// Bun.serve with a `fetch` handler (static routes would skip it). GET answers `body`, POST echoes, as
// text, which is no slower here than bytes. Bun takes no backlog: it listens with 512.

import { body, hostname, init, port } from "./app.ts";

declare const Bun: {
  serve(options: {
    port: number;
    hostname: string;
    fetch(request: Request): Response | Promise<Response>;
  }): unknown;
};

Bun.serve({
  port,
  hostname,
  fetch(request) {
    if (request.method === "POST") return request.text().then((body) => new Response(body));
    return new Response(body, init);
  },
});
console.log("ready");

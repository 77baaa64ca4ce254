// Bun.serve with `http2`.

import { answerPost, body, hostname, port, tls } from "./app.ts";

declare const Bun: {
  serve(options: {
    port: number;
    hostname: string;
    http2: boolean;
    tls?: { key: string; cert: string };
    fetch(request: Request): Response | Promise<Response>;
  }): unknown;
};

Bun.serve({
  port,
  hostname,
  http2: true,
  ...tls ? { tls } : {},
  fetch: (request) => request.method === "POST" ? answerPost(request) : new Response(body),
});
console.log("ready");

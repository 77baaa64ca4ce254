// Bun.serve with its default limits, HTTP/2 beside HTTP/1.1.

import type { TlsOptions } from "../../../src/api/tls.ts";
import { bodyOf, hostname, port, tls } from "./app.ts";

declare const Bun: {
  serve(options: {
    port: number;
    hostname: string;
    http2: boolean;
    tls?: TlsOptions;
    fetch(request: Request): Response | Promise<Response>;
  }): unknown;
};

Bun.serve({
  port,
  hostname,
  http2: true,
  ...tls ? { tls } : {},
  fetch(request) {
    if (request.method === "POST") return request.bytes().then((body) => new Response(String(body.length)));
    return new Response(bodyOf(request.url));
  },
});
console.log("ready");

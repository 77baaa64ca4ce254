// Deno.serve with its default limits.

import type { TlsOptions } from "../../../src/api/tls.ts";
import { bodyOf, hostname, port, tls } from "./app.ts";

type Options = Partial<TlsOptions> & { port: number; hostname: string; tcpBacklog: number; onListen(): void };

declare const Deno: {
  serve(options: Options, handler: (request: Request) => Response | Promise<Response>): unknown;
};

const options = { port, hostname, tcpBacklog: 1024, onListen: () => console.log("ready"), ...tls };
Deno.serve(options, (request) => {
  if (request.method === "POST") return request.bytes().then((body) => new Response(String(body.length)));
  return new Response(bodyOf(request.url));
});

// Deno.serve, which speaks HTTP/2 by prior knowledge and by ALPN.

import { answerPost, body, hostname, port, tls } from "./app.ts";

declare const Deno: {
  serve(
    options: {
      port: number;
      hostname: string;
      tcpBacklog: number;
      onListen(): void;
      key?: string;
      cert?: string;
    },
    handler: (request: Request) => Response | Promise<Response>,
  ): unknown;
};

Deno.serve(
  { port, hostname, tcpBacklog: 1024, onListen: () => console.log("ready"), ...tls },
  (request) => request.method === "POST" ? answerPost(request) : new Response(body),
);

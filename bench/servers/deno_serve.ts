// Deno.serve. GET answers "hello", POST echoes. Argument: the port.

import process from "node:process";

declare const Deno: {
  serve(
    options: { port: number; hostname: string; tcpBacklog: number; onListen(): void },
    handler: (request: Request) => Response | Promise<Response>,
  ): unknown;
};

Deno.serve({
  port: Number(process.argv[2]),
  hostname: "127.0.0.1",
  tcpBacklog: 1024,
  onListen: () => console.log("ready"),
}, (request) => {
  if (request.method === "POST") return request.bytes().then((body) => new Response(body));
  return new Response("hello");
});

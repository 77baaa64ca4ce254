// Bun.serve with a `fetch` handler (static routes would skip it). GET answers "hello", POST echoes. Bun takes no
// backlog: it listens with 512. Argument: the port.

import process from "node:process";

declare const Bun: {
  serve(options: {
    port: number;
    hostname: string;
    fetch(request: Request): Response | Promise<Response>;
  }): unknown;
};

Bun.serve({
  port: Number(process.argv[2]),
  hostname: "127.0.0.1",
  fetch(request) {
    if (request.method === "POST") return request.bytes().then((body) => new Response(body));
    return new Response("hello");
  },
});
console.log("ready");

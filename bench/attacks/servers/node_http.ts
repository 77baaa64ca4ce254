// node:http, or node:https, with its default limits.

import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { createServer as createTlsServer } from "node:https";
import { bodyOf, hostname, port, tls } from "./app.ts";

function answer(request: IncomingMessage, response: ServerResponse): void {
  if (request.method !== "POST") {
    response.end(bodyOf(request.url!));
    return;
  }
  let length = 0;
  request.on("data", (chunk: Uint8Array) => length += chunk.length);
  request.on("end", () => response.end(String(length)));
}

const server = tls
  ? createTlsServer({ key: tls.key as string, cert: tls.cert as string }, answer)
  : createServer(answer);
server.listen({ port, host: hostname, backlog: 1024 }, () => console.log("ready"));

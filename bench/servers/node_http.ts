// node:http at its fastest documented form: length known, headers as a flat array, no stream machinery for requests
// without a body. GET answers `body`, POST echoes.

import { Buffer } from "node:buffer";
import { createServer } from "node:http";
import { body, hostname, port } from "./app.ts";

const length = String(body.length);

const server = createServer({ optimizeEmptyRequests: true }, (request, response) => {
  if (request.method !== "POST") {
    response.writeHead(200, ["content-type", "text/plain", "content-length", length]);
    response.end(body);
    return;
  }
  const chunks: Buffer[] = [];
  request.on("data", (chunk: Buffer) => chunks.push(chunk));
  request.on("end", () => {
    const body = chunks.length === 1 ? chunks[0] : Buffer.concat(chunks);
    response.writeHead(200, ["content-type", "text/plain", "content-length", String(body.length)]);
    response.end(body);
  });
});
server.listen({ port, host: hostname, backlog: 1024 }, () => console.log("ready"));

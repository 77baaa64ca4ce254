// node:http at its fastest documented form: length known, headers as a flat array, no stream machinery for requests
// without a body. GET answers "hello", POST echoes. Argument: the port.

import { Buffer } from "node:buffer";
import { createServer } from "node:http";
import process from "node:process";

const server = createServer({ optimizeEmptyRequests: true }, (request, response) => {
  if (request.method !== "POST") {
    response.writeHead(200, ["content-type", "text/plain", "content-length", "5"]);
    response.end("hello");
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
server.listen(
  { port: Number(process.argv[2]), host: "127.0.0.1", backlog: 1024 },
  () => console.log("ready"),
);

// node:http that keeps idle connections for a given time. Arguments: the port, the idle time in milliseconds.

import { createServer } from "node:http";
import process from "node:process";

const [port, idle] = process.argv.slice(2).map(Number);

const server = createServer({ optimizeEmptyRequests: true, keepAliveTimeout: idle }, (_request, response) => {
  response.writeHead(200, ["content-type", "text/plain", "content-length", "5"]);
  response.end("hello");
});
server.listen({ port, host: "127.0.0.1", backlog: 1024 }, () => console.log("ready"));

// node:http2 by its core API, which is its fastest.

import { Buffer } from "node:buffer";
import { createSecureServer, createServer, type ServerHttp2Stream } from "node:http2";
import type { IncomingHttpHeaders } from "node:http2";
import { body, hostname, port, tls } from "./app.ts";

const server = tls ? createSecureServer(tls) : createServer();
server.on("stream", (stream: ServerHttp2Stream, headers: IncomingHttpHeaders) => {
  stream.on("error", () => {});
  if (headers[":method"] !== "POST") {
    stream.respond({ ":status": 200, "content-type": "text/plain" });
    stream.end(body);
    return;
  }
  const chunks: Buffer[] = [];
  stream.on("data", (chunk: Buffer) => chunks.push(chunk));
  stream.on("end", () => {
    if (stream.destroyed) return; // the load was ended
    const sent = Buffer.concat(chunks);
    stream.respond({ ":status": 200, "content-type": "text/plain" });
    stream.end(headers[":path"] === "/echo" ? sent : String(sent.length));
  });
});
server.listen({ port, host: hostname, backlog: 1024 }, () => console.log("ready"));

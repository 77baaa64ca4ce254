// Static files, by the `@fastify/send` package: ranges, ETag and Last-Modified, conditional requests, types.
// Run it with `npm start -- examples/static_files.ts`; ROOT chooses the directory (this one, without it), PORT the port.
import type { Readable } from "node:stream";
import process from "node:process";
import { fileURLToPath } from "node:url";
import send from "@fastify/send";
import { FastResponse, serve } from "../mod.ts";
import { announce, endOnSignals } from "./support.ts";

const root = process.env.ROOT ?? fileURLToPath(new URL(".", import.meta.url));

const server = await serve({
  port: Number(process.env.PORT ?? 8000),

  async fetch(request) {
    const { method } = request;
    if (method !== "GET" && method !== "HEAD") {
      return new FastResponse("There is only GET and HEAD.\n", {
        status: 405,
        headers: { allow: "GET, HEAD" },
      });
    }
    // What it reads of a request. It keeps to the root, whatever the path is.
    const asked = { method, headers: Object.fromEntries(request.headers) } as unknown as Readable;
    const options = { root, dotfiles: "ignore", maxAge: "1m" } as const;
    const { statusCode: status, headers, stream } = await send(asked, new URL(request.url).pathname, options);
    if (status === 304 || method === "HEAD") {
      stream.destroy();
      return new FastResponse(null, { status, headers });
    }
    // A client that goes away ends the reading of its file.
    return new FastResponse(stream as AsyncIterable<Uint8Array>, { status, headers });
  },
});

endOnSignals(server);
announce(server, { Try: `curl -i -r 0-99 ${new URL("/README.md", server.url)}` });

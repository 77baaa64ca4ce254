/**
 * A transport in memory, to test handlers without a network.
 *
 * @example
 * ```ts
 * import { createServer } from "@mooring/http";
 * import { MemoryTransport } from "@mooring/http/testing";
 *
 * const server = createServer({ fetch: (request) => new Response(new URL(request.url).pathname) });
 * const client = new MemoryTransport();
 * server.accept(client);
 * client.send("GET /a HTTP/1.1\r\nHost: test.example\r\n\r\n");
 * await new Promise((resolve) => setTimeout(resolve, 10));
 * console.assert(client.text().endsWith("\r\n\r\n/a"));
 * await server.close();
 * ```
 *
 * @module
 */
export { MemoryTransport } from "./src/adapters/memory.ts";

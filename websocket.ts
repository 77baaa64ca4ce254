/**
 * WebSockets on Deno, Bun and Node, by the `ws` package (8.23 or later, `npm install ws`; Bun has its own).
 *
 * @example
 * ```ts
 * import { serve } from "@mooring/http";
 * import { upgradeWebSocket } from "@mooring/http/websocket";
 *
 * const server = await serve({
 *   port: 0,
 *   fetch(request) {
 *     const { socket, response } = upgradeWebSocket(request);
 *     socket.onmessage = ({ data }) => socket.send(data);
 *     return response;
 *   },
 * });
 * await server.shutdown(); // closes what is open, with 1001
 * ```
 *
 * @module
 */
import { acceptByWs } from "./src/adapters/ws.ts";
import type { UpgradeWebSocketOptions } from "./src/websocket/options.ts";
import { upgradeBy, type WebSocketUpgrade } from "./src/websocket/upgrade_web_socket.ts";
import type { Exchange } from "./src/api/exchange.ts";
import type { FetchInfo } from "./src/api/fetch.ts";

export type { UpgradeWebSocketOptions, WebSocketUpgrade };

const upgrade = upgradeBy(acceptByWs);

/**
 * Opens a WebSocket (RFC 6455) in answer to a request. `handle` is the request as a `fetch` handler got it, its `info`, or
 * the exchange of an `exchange` handler. Return the `response`; it is sent already where the WebSocket opens.
 *
 * The `socket` is what the HTML standard says, and opens when the current code has run: add listeners at once. `open`,
 * `message`, `error` (the client broke the protocol or a limit, or is silent) and `close` (with 1006 where the client
 * vanished) follow; what a listener throws is told to the server's `onError`. The server's `shutdown()` closes it with
 * 1001.
 *
 * To a request that is no handshake the `response` says what is wrong with it: 426, 405 or 400 (RFC 6455 §4.2.2). The
 * `socket` then never opens, and gets `error` and `close`. Who may connect is for you to decide before, by the `Origin`
 * of browsers for example.
 *
 * @throws {TypeError} on a `handle` that is none, or an option of the wrong type or an unknown one
 * @throws {RangeError} on a number out of range
 * @throws {ExchangeError} when the request was answered already
 * @throws {ConnectionError} when the connection has ended, by the client (`peer_gone`) or by the server
 *
 * @example
 * ```ts
 * import { createServer } from "@mooring/http";
 * import { upgradeWebSocket } from "@mooring/http/websocket";
 *
 * const server = createServer({
 *   fetch(request) {
 *     if (request.headers.get("upgrade") === null) return new Response("a page");
 *     const { socket, response } = upgradeWebSocket(request, { protocol: "chat", idleTimeout: 60 });
 *     socket.addEventListener("open", () => socket.send(`welcome to ${socket.protocol}`));
 *     return response;
 *   },
 * });
 * await server.close();
 * ```
 */
export function upgradeWebSocket(
  handle: Request | FetchInfo | Exchange,
  options?: UpgradeWebSocketOptions,
): WebSocketUpgrade {
  return upgrade(handle, options);
}

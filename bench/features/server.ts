// The servers whose features are compared, each with one application. Arguments: which server, the port, and what it is to
// do beside its defaults, where it has an option for that: "cap" its connections, "trust" X-Forwarded-* of the loopback
// address, or take its PROXY headers ("proxy"). On SIGTERM each ends as its documentation says that one ends it without
// losing requests.
//
// GET answers `hello` after a promise; /slow after 400 ms; /late when the client has had time to half-close; /seen what the
// application sees of URL and client; /stream what it answered over a byte stream that is no socket. POST to /refuse answers
// 413, any other POST 200; neither looks at the body. POST to /trailers sends early hints, reads the body, says what trailers
// came with it, and sends its own.

import type { IncomingMessage, Server, ServerResponse } from "node:http";
import { createRequire } from "node:module";
import process from "node:process";

const [, , name, portText, option] = process.argv;
const port = Number(portText);
const hostname = "127.0.0.1";
const SLOW = 400; // ms
const LATE = 100; // ms
/** Connections, where they are capped. */
const CAP = 4;
const HINT = { link: "</style.css>; rel=preload; as=style" };

/** What a server has for handlers beside the request and the response. What it has not is missing. */
interface Extras {
  readonly address?: string | undefined;
  /** Sends 103. */
  readonly hint?: () => void;
  /** The trailer field `x-in` of the request, once its body was read. */
  readonly trailer?: () => unknown;
  /** Sends the trailer field `x-out`. */
  readonly sendTrailer?: () => void;
  /** What `STREAMED` is answered with over a byte stream. */
  readonly overStream?: () => Promise<string>;
}

/** A request over a byte stream. */
const STREAMED = "GET /streamed HTTP/1.1\r\nHost: a.test\r\nConnection: close\r\n\r\n";

const after = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** Status and text of the answer to a request. */
async function answer(method: string, target: string): Promise<[status: number, text: string]> {
  if (target.endsWith("/slow")) await after(SLOW);
  else if (target.endsWith("/late")) await after(LATE);
  else await null;
  if (method !== "POST") return [200, `hello ${new URL(target, "http://a.test").pathname}`];
  return target.endsWith("/refuse") ? [413, "too much"] : [200, "done"];
}

async function respond(request: Request, extras: Extras = {}): Promise<Response> {
  const { pathname } = new URL(request.url);
  if (pathname === "/seen") return new Response(`${request.url} ${extras.address}`);
  if (pathname === "/stream") return new Response(await extras.overStream?.() ?? "none");
  if (pathname === "/trailers") {
    extras.hint?.();
    await request.text();
    const text = `x-in: ${extras.trailer?.()}`;
    extras.sendTrailer?.();
    return new Response(new Blob([text]).stream());
  }
  const [status, text] = await answer(request.method, request.url);
  return new Response(text, { status });
}

/** What `node:http` has, for those that are built on it. */
function extrasOf(incoming: IncomingMessage, outgoing: ServerResponse, server?: Server): Extras {
  return {
    address: incoming.socket.remoteAddress,
    hint: () => outgoing.writeEarlyHints(HINT),
    trailer: () => incoming.trailers["x-in"],
    sendTrailer: () => outgoing.addTrailers({ "x-out": "1" }),
    overStream: () => overDuplex(server!),
  };
}

async function overDuplex(server: Server): Promise<string> {
  const { duplexPair } = await import("node:stream");
  const [near, far] = duplexPair();
  server.emit("connection", near);
  far.write(STREAMED);
  let text = "";
  for await (const chunk of far) text += chunk;
  return text.slice(text.indexOf("\r\n\r\n") + 4);
}

/** Caps the connections of a server of `node:http`, where that is asked for. */
function cap(server: Server | undefined): void {
  if (server && option === "cap") server.maxConnections = CAP;
}

// deno-lint-ignore no-explicit-any
const { Bun, Deno } = globalThis as any;

/** Each starts its server, and gives what ends it. */
const servers: Record<string, () => Promise<() => unknown>> = {
  async mooring() {
    const { serve } = await import("../../mod.ts");
    const allow = [hostname];
    const server = await serve({
      port,
      hostname,
      ...option === "cap" ? { maxConnections: CAP } : {},
      ...option === "trust" ? { trustProxy: { allow } } : {},
      ...option === "proxy" ? { proxyProtocol: { allow } } : {},
      fetch: (request, info) =>
        respond(request, {
          address: info.remoteAddr?.transport === "tcp" ? info.remoteAddr.hostname : "",
          hint: () => info.earlyHints(HINT),
          trailer: () => info.trailers?.get("x-in"),
          sendTrailer: () => info.sendTrailers({ "x-out": "1" }),
          async overStream() {
            const [there, back] = [new TransformStream<Uint8Array>(), new TransformStream<Uint8Array>()];
            server.accept({ readable: there.readable, writable: back.writable });
            const client = there.writable.getWriter();
            await client.write(new TextEncoder().encode(STREAMED));
            const text = await new Response(back.readable).text();
            return text.slice(text.indexOf("\r\n\r\n") + 4);
          },
        }),
    });
    return () => server.shutdown();
  },
  async "node:http"() {
    const { createServer } = await import("node:http");
    const server = createServer(async (request, response) => {
      const extras = extrasOf(request, response, server);
      if (request.url === "/seen") response.end(`${request.url} ${extras.address}`);
      else if (request.url === "/stream") response.end(await extras.overStream?.());
      else if (request.url === "/trailers") {
        extras.hint?.();
        await request.resume().toArray();
        response.write(`x-in: ${extras.trailer?.()}`);
        extras.sendTrailer?.();
        response.end();
      } else {
        const [status, text] = await answer(request.method!, request.url!);
        response.writeHead(status).end(text);
      }
    });
    cap(server);
    await new Promise<void>((resolve) => server.listen(port, hostname, resolve));
    return () => server.close();
  },
  async "@hono/node-server"() {
    const { serve } = await import("@hono/node-server");
    return await new Promise((resolve) => {
      const server = serve({
        port,
        hostname,
        fetch: (request, env) =>
          respond(
            request,
            extrasOf(
              (env as { incoming: IncomingMessage }).incoming,
              (env as { outgoing: ServerResponse }).outgoing,
              server as Server,
            ),
          ),
      }, () => resolve(() => server.close()));
      cap(server as Server);
    });
  },
  async srvx() {
    const { serve } = await import("srvx");
    const server = serve({
      port,
      hostname,
      silent: true,
      gracefulShutdown: false,
      ...option === "trust" ? { trustProxy: "loopback" } : {},
      fetch(request) {
        const { req, res } = (request.runtime?.node ?? {}) as { req?: IncomingMessage; res?: ServerResponse };
        const extras = req && res && extrasOf(req, res, server.node?.server as Server);
        return respond(request, { ...extras, address: request.ip });
      },
    });
    cap(server.node?.server as Server);
    await server.ready();
    return () => server.close();
  },
  async "Deno.serve"() {
    const fetch = (
      request: Request,
      { remoteAddr }: { remoteAddr: { hostname: string } },
    ): Promise<Response> => respond(request, { address: remoteAddr.hostname });
    const server = Deno.serve({ port, hostname, onListen() {} }, fetch);
    return await Promise.resolve(() => server.shutdown());
  },
  async "Bun.serve"() {
    const server = Bun.serve({
      port,
      hostname,
      // deno-lint-ignore no-explicit-any
      fetch: (request: Request, own: any) => respond(request, { address: own.requestIP(request)?.address }),
    });
    return await Promise.resolve(() => server.stop());
  },
  async "uWebSockets.js"() {
    const { App, us_listen_socket_close } = createRequire(import.meta.url)("uWebSockets.js");
    // deno-lint-ignore no-explicit-any
    const app = App().any("/*", async (response: any, request: any) => {
      let aborted = false;
      response.onAborted(() => aborted = true);
      const [method, target] = [request.getMethod().toUpperCase(), request.getUrl()];
      const text = (address: ArrayBuffer): string => new TextDecoder().decode(address);
      const seen = `${target} ${text(response.getProxiedRemoteAddressAsText())}`;
      const [status, body] = target === "/seen" ? [200, seen] : await answer(method, target);
      if (!aborted) response.cork(() => response.writeStatus(String(status)).end(body));
    });
    const listening = await new Promise((resolve) => app.listen(hostname, port, resolve));
    return () => us_listen_socket_close(listening);
  },
};

const stop = await servers[name]();
process.on("SIGTERM", () => {
  stop();
  console.log("stopping");
});
console.log("ready");

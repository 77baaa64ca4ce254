// The servers whose features are compared, each with its defaults and one application. Arguments: which server, and the
// port. On SIGTERM each ends as its documentation says that one ends it without losing requests.
//
// GET answers `hello` after a promise; /slow after 400 ms; /late when the client has had time to half-close. POST to
// /refuse answers 413, any other POST 200; neither looks at the body.

import process from "node:process";

const [, , name, portText] = process.argv;
const port = Number(portText);
const hostname = "127.0.0.1";
const SLOW = 400; // ms
const LATE = 100; // ms

const after = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** Status and text of the answer to a request. */
async function answer(method: string, target: string): Promise<[status: number, text: string]> {
  if (target.endsWith("/slow")) await after(SLOW);
  else if (target.endsWith("/late")) await after(LATE);
  else await null;
  if (method !== "POST") return [200, `hello ${new URL(target, "http://a.test").pathname}`];
  return target.endsWith("/refuse") ? [413, "too much"] : [200, "done"];
}

async function respond(request: Request): Promise<Response> {
  const [status, text] = await answer(request.method, request.url);
  return new Response(text, { status });
}

// deno-lint-ignore no-explicit-any
const { Bun, Deno } = globalThis as any;

/** Each starts its server, and gives what ends it. */
const servers: Record<string, () => Promise<() => unknown>> = {
  async mooring() {
    const { serve } = await import("../../mod.ts");
    const server = await serve({ port, hostname, fetch: respond });
    return () => server.shutdown();
  },
  async "node:http"() {
    const { createServer } = await import("node:http");
    const server = createServer(async (request, response) => {
      const [status, text] = await answer(request.method!, request.url!);
      response.writeHead(status).end(text);
    });
    await new Promise<void>((resolve) => server.listen(port, hostname, resolve));
    return () => server.close();
  },
  async "@hono/node-server"() {
    const { serve } = await import("@hono/node-server");
    return await new Promise((resolve) => {
      const server = serve({ port, hostname, fetch: respond }, () => resolve(() => server.close()));
    });
  },
  async srvx() {
    const { serve } = await import("srvx");
    const server = serve({ port, hostname, silent: true, gracefulShutdown: false, fetch: respond });
    await server.ready();
    return () => server.close();
  },
  async "Deno.serve"() {
    const server = Deno.serve({ port, hostname, onListen() {} }, respond);
    return await Promise.resolve(() => server.shutdown());
  },
  async "Bun.serve"() {
    const server = Bun.serve({ port, hostname, fetch: respond });
    return await Promise.resolve(() => server.stop());
  },
};

const stop = await servers[name]();
process.on("SIGTERM", () => {
  stop();
  console.log("stopping");
});
console.log("ready");

/**
 * A Model Context Protocol server over streamable HTTP, by its SDK's web-standard transport and its client.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
// @ts-types="../../node_modules/@modelcontextprotocol/sdk/dist/esm/client/index.d.ts"
import { Client } from "@modelcontextprotocol/sdk/client/index.js";
// @ts-types="../../node_modules/@modelcontextprotocol/sdk/dist/esm/client/streamableHttp.d.ts"
import { StreamableHTTPClientTransport } from "@modelcontextprotocol/sdk/client/streamableHttp.js";
// @ts-types="../../node_modules/@modelcontextprotocol/sdk/dist/esm/server/mcp.d.ts"
import { McpServer } from "@modelcontextprotocol/sdk/server/mcp.js";
// @ts-types="../../node_modules/@modelcontextprotocol/sdk/dist/esm/server/webStandardStreamableHttp.d.ts"
import { WebStandardStreamableHTTPServerTransport } from "@modelcontextprotocol/sdk/server/webStandardStreamableHttp.js";
// @ts-types="../../node_modules/@modelcontextprotocol/sdk/dist/esm/types.d.ts"
import { LoggingMessageNotificationSchema } from "@modelcontextprotocol/sdk/types.js";
import { z } from "zod";
import { inTime } from "../support/deadline.ts";
import { ask, open } from "../support/frameworks/answers.ts";
import { type Application, onMooring } from "../support/frameworks/servers.ts";
import { until } from "../support/until.ts";

/** A server of tools for one session. */
function makeServer(): McpServer {
  const server = new McpServer({ name: "tools", version: "1.0.0" }, { capabilities: { logging: {} } });
  server.registerTool("add", { inputSchema: { a: z.number(), b: z.number() } }, ({ a, b }) => ({
    content: [{ type: "text", text: String(a + b) }],
  }));
  server.registerTool(
    "log",
    { inputSchema: { times: z.number() } },
    async ({ times }, { sendNotification }) => {
      for (let i = 0; i < times; i++) {
        await sendNotification({
          method: "notifications/message",
          params: { level: "info", data: `line ${i}` },
        });
      }
      return { content: [{ type: "text", text: "logged" }] };
    },
  );
  server.registerTool(
    "wait",
    {},
    ({ signal }) =>
      new Promise((resolve) => signal.addEventListener("abort", () => resolve({ content: [] }))),
  );
  server.registerResource(
    "note",
    "note://one",
    {},
    () => ({ contents: [{ uri: "note://one", text: "grün" }] }),
  );
  return server;
}

/** The application: sessions by their id, as the SDK's own examples keep them. */
function make(enableJsonResponse: boolean): { fetch: Application; sessions: Map<string, unknown> } {
  const sessions = new Map<string, WebStandardStreamableHTTPServerTransport>();
  const fetch: Application = async (request) => {
    const id = request.headers.get("mcp-session-id");
    const known = id === null ? undefined : sessions.get(id);
    if (known !== undefined) return await known.handleRequest(request);
    if (id !== null) return new Response("no such session", { status: 404 });
    const transport = new WebStandardStreamableHTTPServerTransport({
      sessionIdGenerator: () => crypto.randomUUID(),
      onsessioninitialized: (id) => void sessions.set(id, transport),
      onsessionclosed: (id) => void sessions.delete(id),
      enableJsonResponse,
    });
    await makeServer().connect(transport as never);
    return await transport.handleRequest(request);
  };
  return { fetch, sessions };
}

for (const [name, asJson] of [["event streams", false], ["JSON", true]] as const) {
  test(`MCP: the client works with a server that answers by ${name}`, async () => {
    const { fetch, sessions } = make(asJson);
    await using mooring = await onMooring(fetch);
    const transport = new StreamableHTTPClientTransport(new URL(`http://127.0.0.1:${mooring.port}/mcp`));
    const client = new Client({ name: "client", version: "1.0.0" });
    const lines: unknown[] = [];
    client.setNotificationHandler(
      LoggingMessageNotificationSchema,
      ({ params }) => void lines.push(params.data),
    );
    await inTime(client.connect(transport as never), "connect()");
    const { tools } = await client.listTools();
    assert.deepEqual(tools.map((tool) => tool.name), ["add", "log", "wait"]);
    const sums = await Promise.all(
      [1, 2, 3].map((a) => client.callTool({ name: "add", arguments: { a, b: 1 } })),
    );
    assert.deepEqual(
      sums.map(({ content }) => content),
      [2, 3, 4].map((sum) => [{ type: "text", text: `${sum}` }]),
    );
    const { contents } = await client.readResource({ uri: "note://one" });
    assert.deepEqual(contents, [{ uri: "note://one", text: "grün" }]);
    await client.callTool({ name: "log", arguments: { times: 2 } });
    if (!asJson) assert.deepEqual(lines, ["line 0", "line 1"]);
    await transport.terminateSession();
    assert.equal(sessions.size, 0);
    await client.close();
    assert.deepEqual(mooring.errors, []);
  });
}

const headers = {
  "content-type": "application/json",
  accept: "application/json, text/event-stream",
  "mcp-protocol-version": "2025-06-18",
};
const call = (method: string, params: object, id?: number): string =>
  JSON.stringify({ jsonrpc: "2.0", method, params, ...id !== undefined && { id } });
const initialize = call("initialize", {
  protocolVersion: "2025-06-18",
  capabilities: {},
  clientInfo: { name: "raw", version: "1" },
}, 0);

/** Begins a session; answers with the fields that its requests have. */
async function begin(port: number): Promise<Record<string, string>> {
  const { fields } = await ask(port, { method: "POST", path: "/mcp", headers, body: initialize });
  const id = fields.find((field) => field.startsWith("mcp-session-id: "))!.slice("mcp-session-id: ".length);
  const session = { ...headers, "mcp-session-id": id };
  const body = call("notifications/initialized", {});
  assert.equal((await ask(port, { method: "POST", path: "/mcp", headers: session, body })).status, 202);
  return session;
}

test("MCP: the stream for what the server says by itself is open before anything is said, and ends with its client", async () => {
  const { fetch } = make(false);
  let aborted = false;
  await using mooring = await onMooring((request) => {
    if (request.method === "GET") request.signal.addEventListener("abort", () => aborted = true);
    return fetch(request);
  });
  const session = await begin(mooring.port);
  using client = await open(mooring.port, { path: "/mcp", headers: session });
  const head = await inTime(client.readUntil("\r\n\r\n"), "the head");
  assert.match(head, /^HTTP\/1\.1 200 OK\r\n.*text\/event-stream/s);
  assert.equal(
    (await ask(mooring.port, { path: "/mcp", headers: session })).status,
    409,
    "there is one a session",
  );
  client.reset();
  await until(() => aborted, true, "the request was aborted");
  using again = await open(mooring.port, { path: "/mcp", headers: session });
  assert.match(await inTime(again.readUntil("\r\n\r\n"), "the head"), /^HTTP\/1\.1 200 OK/);
  assert.deepEqual(mooring.errors, []);
});

test("MCP: a tool that takes long is asked by a stream that is open at once", async () => {
  await using mooring = await onMooring(make(false).fetch);
  const session = await begin(mooring.port);
  const body = call("tools/call", { name: "wait", arguments: {} }, 1);
  using client = await open(mooring.port, { method: "POST", path: "/mcp", headers: session, body });
  assert.match(await inTime(client.readUntil("\r\n\r\n"), "the head"), /^HTTP\/1\.1 200 OK/);
  const cancel = call("notifications/cancelled", { requestId: 1 });
  const { status } = await ask(mooring.port, {
    method: "POST",
    path: "/mcp",
    headers: session,
    body: cancel,
  });
  assert.equal(status, 202);
});

test("MCP: what is not of a session is refused", async () => {
  await using mooring = await onMooring(make(false).fetch);
  const body = call("tools/list", {}, 1);
  const unknown = { ...headers, "mcp-session-id": "none" };
  const statuses = [
    await ask(mooring.port, { method: "POST", path: "/mcp", headers: unknown, body }),
    await ask(mooring.port, { method: "POST", path: "/mcp", headers, body }),
    await ask(mooring.port, { method: "POST", path: "/mcp", headers, body: "{" }),
    await ask(mooring.port, { method: "PUT", path: "/mcp", headers }),
  ].map(({ status }) => status);
  assert.deepEqual(statuses, [404, 400, 400, 405]);
});

/**
 * Serves where another library has replaced members of `Response` for good, and prints what two servers answer with.
 */
import { get } from "./memory.ts";
import { until } from "./until.ts";

const { prototype } = Response;
for (const name of ["arrayBuffer", "clone", "text"] as const) {
  Object.defineProperty(prototype, name, { value: prototype[name], configurable: false, writable: false });
}
const { createServer } = await import("../../mod.ts");
const { MemoryTransport } = await import("../../testing.ts");

const bodies: string[] = [];
for (let i = 0; i < 2; i++) {
  const client = new MemoryTransport();
  createServer({ fetch: () => new Response("text") }).accept(client);
  client.send(get("/"));
  await until(() => client.text().includes("\r\n\r\n"), true, "an answer");
  bodies.push(client.text().split("\r\n\r\n")[1]);
}
console.log(JSON.stringify(bodies));

// Who is compared: the runtimes with their binaries, and the server files that run on each.
// Peers run on their own runtime only. Binaries are the native ones, so that a measured PID is the server itself.

import { execFileSync } from "node:child_process";
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";

const ROOT = new URL("../../", import.meta.url);

/** Mooring's servers, one for each kind of handler. They run on every runtime. */
export const MOORING = [
  { name: "mooring exchange", handler: "exchange", file: () => "mooring_exchange.ts" },
  { name: "mooring fetch, FastResponse", handler: "fetch", file: () => "mooring_fetch.ts" },
  { name: "mooring fetch, native Response", handler: "native", file: () => "mooring_native.ts" },
];

/** The limit: a TCP server that writes a constant for every chunk it reads, in the fastest form each runtime has. */
export const raw = { name: "raw TCP, no parsing", file: (runtime) => `raw_${runtime.id}.ts` };

export const RUNTIMES = {
  node: {
    id: "node",
    title: "Node",
    binary: "node_modules/node/bin/node",
    flags: [],
    peer: { name: "node:http", file: () => "node_http.ts" },
  },
  deno: {
    id: "deno",
    title: "Deno",
    binary: "node_modules/deno/deno",
    flags: ["run", "--quiet", "--no-lock", "--allow-all"],
    peer: { name: "Deno.serve", file: () => "deno_serve.ts" },
  },
  bun: {
    id: "bun",
    title: "Bun",
    binary: "node_modules/bun/bin/bun.exe", // so called on every platform
    flags: [],
    peer: { name: "Bun.serve", file: () => "bun_serve.ts" },
  },
};

/** The HTTP servers to measure on `runtime`, Mooring's first; the raw loop comes after them. */
export function serversOf(runtime, handlers) {
  return [...MOORING.filter((spec) => handlers.includes(spec.handler)), runtime.peer];
}

/** Finds a runtime's binary and asks for its version. Throws when it cannot run. */
export function locateRuntime(id) {
  const runtime = RUNTIMES[id];
  const path = fileURLToPath(new URL(runtime.binary, ROOT));
  if (!existsSync(path)) throw new Error(`${runtime.binary} is missing (npm install brings it)`);
  const output = execFileSync(path, ["--version"], { encoding: "utf8", stdio: ["ignore", "pipe", "pipe"] });
  return { ...runtime, path, version: /\d+\.\d+\.\d+\S*/.exec(output)?.[0] ?? output.trim() };
}

/** Where a server file lies. */
export function serverPath(runtime, spec) {
  return fileURLToPath(new URL(`bench/servers/${spec.file(runtime)}`, ROOT));
}

// Who is compared: the runtimes with their binaries, and the server files that run on each.
// Peers run on their own runtime only. Binaries are the native ones, so that a measured PID is the server itself.

import { execFileSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

const ROOT = new URL("../../", import.meta.url);

/** Mooring's servers, one for each kind of handler. They run on every runtime. */
export const MOORING = [
  { id: "exchange", name: "Mooring, exchange", file: () => "mooring_exchange.ts" },
  { id: "fetch", name: "Mooring, FastResponse", file: () => "mooring_fetch.ts" },
  { id: "native", name: "Mooring, Response", file: () => "mooring_native.ts" },
  { id: "global", name: "Mooring, Response, /global", file: () => "mooring_global.ts" },
  { id: "hono", name: "Mooring, Hono", file: () => "mooring_hono.ts", framework: true },
  {
    id: "hono-global",
    name: "Mooring, Hono, /global",
    file: () => "mooring_hono_global.ts",
    framework: true,
  },
];

/** The limit: a TCP server that writes a constant for every chunk it reads, in the fastest form each runtime has. */
export const raw = { id: "raw", name: "raw TCP, no parsing", file: (runtime) => `raw_${runtime.id}.ts` };

const SRVX = [
  { id: "srvx", name: "srvx", file: () => "srvx.ts" },
  { id: "srvx-hono", name: "srvx, Hono", file: () => "srvx_hono.ts", framework: true },
];

/** `peer` is the runtime's own server, `others` are what else people serve with there. */
export const RUNTIMES = {
  node: {
    id: "node",
    title: "Node",
    binary: "node_modules/node/bin/node",
    flags: [],
    peer: { id: "own", name: "node:http", file: () => "node_http.ts" },
    others: [
      { id: "node-server", name: "@hono/node-server", file: () => "hono_node_server.ts" },
      {
        id: "node-server-hono",
        name: "@hono/node-server, Hono",
        file: () => "hono_node_server_hono.ts",
        framework: true,
      },
      ...SRVX,
    ],
  },
  deno: {
    id: "deno",
    title: "Deno",
    binary: "node_modules/deno/deno",
    flags: ["run", "--quiet", "--no-lock", "--allow-all"],
    peer: { id: "own", name: "Deno.serve", file: () => "deno_serve.ts" },
    others: [
      { id: "own-hono", name: "Deno.serve, Hono", file: () => "deno_serve_hono.ts", framework: true },
      ...SRVX,
    ],
  },
  bun: {
    id: "bun",
    title: "Bun",
    binary: "node_modules/bun/bin/bun.exe", // so called on every platform
    flags: [],
    peer: { id: "own", name: "Bun.serve", file: () => "bun_serve.ts" },
    others: [
      { id: "own-hono", name: "Bun.serve, Hono", file: () => "bun_serve_hono.ts", framework: true },
      ...SRVX,
    ],
  },
};

/** The packages that are compared, or that the compared servers are made with. */
export const PACKAGES = ["@hono/node-server", "srvx", "hono"];

/** Every id that `serversOf()` takes. */
export const SERVER_IDS = [
  ...new Set([MOORING, ...Object.values(RUNTIMES).map(({ others }) => others)].flat().map(({ id }) => id)),
];

/**
 * The HTTP servers to measure on `runtime`, Mooring's first and the runtime's own always; the raw loop comes after
 * them. Without `ids` it is what the workload asks for.
 */
export function serversOf(runtime, workload, ids) {
  const wanted = ids ? (spec) => ids.includes(spec.id) : (spec) => workload.frameworks || !spec.framework;
  return [...MOORING.filter(wanted), runtime.peer, ...runtime.others.filter(wanted)];
}

/** What a server is in the comparison, which decides its colour in charts. */
export function roleOf(spec) {
  return spec === raw ? "limit" : MOORING.includes(spec) ? "mooring" : "peer";
}

/** Finds a runtime's binary and asks for its version. Throws when it cannot run. */
export function locateRuntime(id) {
  const runtime = RUNTIMES[id];
  const path = fileURLToPath(new URL(runtime.binary, ROOT));
  if (!existsSync(path)) throw new Error(`${runtime.binary} is missing (npm install brings it)`);
  const output = execFileSync(path, ["--version"], { encoding: "utf8", stdio: ["ignore", "pipe", "pipe"] });
  return { ...runtime, path, version: /\d+\.\d+\.\d+\S*/.exec(output)?.[0] ?? output.trim() };
}

/** The version of an installed package. */
export function packageVersion(name) {
  return JSON.parse(readFileSync(new URL(`node_modules/${name}/package.json`, ROOT), "utf8")).version;
}

/** Where a server file lies. */
export function serverPath(runtime, spec) {
  return fileURLToPath(new URL(`bench/servers/${spec.file(runtime)}`, ROOT));
}

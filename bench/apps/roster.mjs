// Who serves the application: Mooring, from this tree and from other checkouts, and what people serve with otherwise.
// The peer that a server is set beside has the same application.

import { basename, resolve } from "node:path";
import { fileURLToPath } from "node:url";

/** The directory of this tree. */
export const ROOT = resolve(fileURLToPath(new URL("../../", import.meta.url)));

const PLATFORM = {
  node: { name: "@hono/node-server", file: "node_server.ts" },
  deno: { name: "Deno.serve", file: "deno_serve.ts" },
  bun: { name: "Bun.serve", file: "bun_serve.ts" },
};

/** What Mooring is measured with. */
const VARIANTS = [
  { id: "mooring", name: "Mooring", app: "plain" },
  { id: "global", name: "Mooring, /global", app: "plain", global: true },
  { id: "hono", name: "Mooring, Hono", app: "hono" },
  { id: "hono-global", name: "Mooring, Hono, /global", app: "hono", global: true },
];

/** Every id that `--server` takes; peers of what is measured are measured too. */
export const SERVER_IDS = [...VARIANTS.map(({ id }) => id), "peer", "peer-hono", "srvx", "srvx-hono", "raw"];
/** What is measured unless something else is asked for, with their peers; and what of it in parts that are small. */
export const DEFAULT_IDS = ["mooring", "hono", "raw"];
export const SMALL_IDS = ["mooring"];

/**
 * The HTTP servers to measure on `runtime`, Mooring of the directory `here` first: what it answers is what the raw loop
 * sends. Those of the `checkouts` are set beside it.
 */
export function serversOf(runtime, { server: ids, here, checkouts }) {
  const peer = PLATFORM[runtime.id];
  const variants = VARIANTS.filter(({ id }) => ids.includes(id));
  const others = [
    other("peer", peer, "plain"),
    other("peer-hono", { ...peer, name: `${peer.name}, Hono` }, "hono"),
    other("srvx", { name: "srvx", file: "srvx.ts" }, "plain"),
    other("srvx-hono", { name: "srvx, Hono", file: "srvx.ts" }, "hono"),
  ];
  const own = [
    ...variants.map((variant) => mooring(variant, here)),
    ...checkouts.flatMap((directory) => variants.map((variant) => elsewhere(mooring(variant, directory)))),
  ];
  const wanted = others.filter(({ id }) => ids.includes(id));
  const needed = new Set([...own, ...wanted].map(({ peer }) => peer));
  return [...own, ...others.filter((spec) => wanted.includes(spec) || needed.has(spec.id))];
}

/** The limit: a loop that sends the same bytes. */
export const raw = { id: "raw", name: "raw TCP", role: "limit", file: () => "../apps/servers/raw.ts" };

function mooring({ id, name, app, global = false }, checkout) {
  return {
    id,
    name,
    role: "mooring",
    peer: peerOf(app),
    file: () => "../apps/servers/mooring.ts",
    settings: { app, global, checkout },
  };
}

/** `here` is the server that it is set beside, beyond its peer. */
function elsewhere(spec) {
  const place = basename(spec.settings.checkout);
  return { ...spec, id: `${spec.id}@${place}`, name: `${spec.name} @ ${place}`, here: spec.id };
}

function other(id, { name, file }, app) {
  return {
    id,
    name,
    role: "peer",
    peer: peerOf(app),
    file: () => `../apps/servers/${file}`,
    settings: { app },
    // what is Bun.serve ends connections without a word
    endsSilently: ({ id }) => id === "bun",
  };
}

const peerOf = (app) => app === "hono" ? "peer-hono" : "peer";

// Keeps the layers apart: imports, of types too, point along the arrow and form no circle, only adapters/ knows a
// runtime, and only http1/ knows the syntax of HTTP/1.1. The functions are pure; as a command it asks `deno info` for
// the module graph and reads src/.
import { execFileSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { entryPoints, root, runtimes } from "./tools.mjs";

/** The layers, lowest first. A module imports from its own folder and from lower ranks; `api` is seen by all. */
const LAYERS = [
  ["api"],
  ["options", "wire"],
  ["core"],
  ["http1", "http2", "fetch"],
  ["server", "websocket"],
  ["adapters"],
];
const ARROW = LAYERS.toReversed().map((folders) => folders.join(" | ")).join(" → ");

/** The packages that modules import; their users install them. */
const PACKAGES = { "src/adapters/ws.ts": "npm:ws" };

/** A mention of a runtime's global, or of a module that only some runtimes have. */
const RUNTIME = /\b(Deno|Bun|process)\s*[.?[]|[{,]\s*(Deno|Bun|process)\b|"(Deno|Bun)" in\b|["']node:/;

/** Framing, start lines and fields of the connection, as HTTP/1.1 writes them. */
const HTTP1 = /HTTP\/1\.[01] (\d|\$\{)|["'`](transfer-encoding|connection|keep-alive): |["'`]0\\r\\n/;

/**
 * Faults of the edges of a module graph.
 *
 * @param {{ from: string, to: string, line: number }[]} edges paths such as "src/core/x.ts"; `to` may be "node:net"
 * @returns {string[]} complaints, each "file:line why"
 */
export function checkEdges(edges) {
  const complaints = edges.flatMap(({ from, to, line }) => {
    const why = faultOf(from, to);
    return why === undefined ? [] : [`${from}:${line} ${why}`];
  });
  return [...complaints, ...findCycles(edges)];
}

function faultOf(from, to) {
  const rank = rankOf(from);
  if (rank === undefined) return `is in no layer; the layers are ${ARROW}`;
  if (!/^(src\/|[\w.]+$)/.test(to)) {
    if (PACKAGES[from] === to) return undefined;
    return folderOf(from) === "adapters" && to.startsWith("node:") ? undefined : `imports ${to}`;
  }
  if (rankOf(to) < rank || folderOf(to) === folderOf(from)) return undefined;
  return `imports ${to}, against the arrow ${ARROW}`;
}

const folderOf = (file) => /^src\/([^/]+)\//.exec(file)?.[1];

/** The rank of a module's layer; entry points are above all. */
function rankOf(file) {
  const folder = folderOf(file);
  if (folder === undefined) return file.startsWith("src/") ? undefined : LAYERS.length;
  const rank = LAYERS.findIndex((folders) => folders.includes(folder));
  return rank === -1 ? undefined : rank;
}

/** One complaint for each import that closes a circle. */
function findCycles(edges) {
  const next = new Map();
  for (const edge of edges) next.set(edge.from, [...next.get(edge.from) ?? [], edge]);
  const done = new Set();
  const complaints = [];
  const visit = (file, way) => {
    if (done.has(file)) return;
    for (const { to, line } of next.get(file) ?? []) {
      const start = way.indexOf(to);
      if (start >= 0) {
        complaints.push(`${file}:${line} closes a circle: ${[...way.slice(start), to].join(" → ")}`);
      } else visit(to, [...way, to]);
    }
    done.add(file);
  };
  for (const file of next.keys()) visit(file, [file]);
  return complaints;
}

/**
 * Lines of a module that mention what its layer must not know.
 *
 * @returns {string[]} complaints, each "file:line why"
 */
export function checkMentions(file, source) {
  const folder = folderOf(file);
  const code = source.replace(/\/\*[\s\S]*?\*\//g, (comment) => comment.replace(/[^\n]/g, " "));
  return code.split("\n").flatMap((text, index) => {
    const line = text.replace(/(^|\s)\/\/.*/, "");
    const complaints = [];
    if (folder !== "adapters" && RUNTIME.test(line)) {
      complaints.push(`${file}:${index + 1} mentions a runtime`);
    }
    if (folder !== "http1" && HTTP1.test(line)) complaints.push(`${file}:${index + 1} knows HTTP/1.1 syntax`);
    return complaints;
  });
}

/** The edges of the graph of an entry point, as `deno info` tells them. */
function edgesOf(entry) {
  const text = execFileSync(runtimes.deno, ["info", "--json", entry], { cwd: root, encoding: "utf8" });
  const nameOf = (url) => {
    const name = url.startsWith("file:") ? path.relative(root, fileURLToPath(url)) : url;
    return name.replace(/^node_modules\/(@[^/]+\/[^/]+|[^/]+)\/.*/, "npm:$1");
  };
  return JSON.parse(text).modules.flatMap(({ specifier, dependencies = [] }) =>
    dependencies.flatMap(({ code, type }) =>
      [code ?? type].map((edge) => ({
        from: nameOf(specifier),
        to: nameOf(edge.specifier ?? edge.error),
        line: edge.span.start.line + 1,
      }))
    )
  );
}

/** All of src/. */
function modules() {
  return readdirSync(path.join(root, "src"), { recursive: true })
    .filter((name) => name.endsWith(".ts")).map((name) => `src/${name}`);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  // Their imports reach every module.
  const edges = new Map(entryPoints().flatMap(edgesOf).map((edge) => [`${edge.from} ${edge.to}`, edge]));
  const reached = new Set([...edges.values()].flatMap(({ from, to }) => [from, to]));
  const complaints = [
    ...checkEdges([...edges.values()]),
    ...modules().flatMap((file) => checkMentions(file, readFileSync(path.join(root, file), "utf8"))),
    ...modules().filter((file) => !reached.has(file)).map((file) => `${file}:1 is imported by nothing`),
  ];
  for (const complaint of complaints) console.error(complaint);
  if (complaints.length > 0) process.exit(1);
  console.log("imports: ok");
}

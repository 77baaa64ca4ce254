// The npm package, packed and installed: whether package.json and the declarations are right for all who may import them,
// and what it weighs.
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { gzipSync } from "node:zlib";
import { checkPackage, createPackageFromTarballData } from "@arethetypeswrong/core";
import { build } from "esbuild";
import { publint } from "publint";
import { formatMessage } from "publint/utils";
import { installInto, pack } from "./npm_package.mjs";
import { root, runtimes } from "./tools.mjs";

/** The oldest that can read the declarations, and the last of each major version since. */
const COMPILERS = ["typescript-5.4", "typescript-5.9", "typescript-6", "typescript"];

/** How projects find modules, and whose types of the web's classes they have. */
const PROJECTS = [
  { module: "nodenext", moduleResolution: "nodenext", lib: ["ES2022", "DOM", "DOM.Iterable"], types: [] },
  { module: "nodenext", moduleResolution: "nodenext", lib: ["ES2022"], types: ["node"] },
  { module: "esnext", moduleResolution: "bundler", lib: ["ES2022", "DOM", "DOM.Iterable"], types: [] },
];

/** What there cannot be in a package of ES modules alone: `require()` of types, and subpaths before Node 12. */
const ESM_ONLY = ["CJSResolvesToESM", "NoResolution"];

const CONSUMER = `
import * as http from "@mooring/http";
import * as deno from "@mooring/http/deno";
import * as bun from "@mooring/http/bun";
import * as node from "@mooring/http/node";
import * as testing from "@mooring/http/testing";
import * as websocket from "@mooring/http/websocket";
import "@mooring/http/global";

export const modules = [deno, bun, node, testing, websocket];
export const server: http.Server = await http.serve({
  port: 0,
  fetch: async (request: Request, info: http.FetchInfo): Promise<Response> => {
    const bytes = new Uint8Array(await request.arrayBuffer());
    return bytes.length > 0 ? new Response(bytes) : new http.FastResponse(String(info.remoteAddr));
  },
});
export const bytes: http.ExchangeHandler = (x) => x.bytes().then((bytes) => x.respond(200, {}, bytes));
`;

const scratch = mkdtempSync(path.join(tmpdir(), "mooring-package-"));
try {
  const packed = pack(root, scratch);
  const project = path.join(scratch, "consumer");
  installInto(project, packed.tarball, { type: "module" });
  const faults = [
    ...await lint(packed.tarball),
    ...await checkResolution(packed.tarball),
    ...checkTypes(project),
  ];
  for (const fault of faults) console.log(fault);
  const kilobytes = (bytes) => `${(bytes / 1000).toFixed(1)} kB`;
  console.log(
    `${kilobytes(packed.size)} packed, ${kilobytes(packed.unpackedSize)} in ${packed.files} files; ` +
      `serve() bundled: ${kilobytes((await bundled(project)).length)} with gzip`,
  );
  process.exitCode = faults.length === 0 ? 0 : 1;
} finally {
  rmSync(scratch, { recursive: true, force: true });
}

async function lint(file) {
  const { buffer, byteOffset, length } = readFileSync(file);
  const tarball = buffer.slice(byteOffset, byteOffset + length);
  const { messages, pkg } = await publint({ pack: { tarball }, level: "suggestion", strict: true });
  return messages.map((message) => `publint: ${formatMessage(message, pkg)}`);
}

async function checkResolution(file) {
  const { problems } = await checkPackage(createPackageFromTarballData(readFileSync(file)));
  return problems.filter(({ kind, resolutionKind }) =>
    !(ESM_ONLY.includes(kind) && /^node10$|-cjs$/.test(resolutionKind))
  ).map((problem) => `arethetypeswrong: ${JSON.stringify(problem)}`);
}

/** Compiles a program that imports everything, declarations of libraries included, in each way that projects are set. */
function checkTypes(project) {
  writeFileSync(path.join(project, "consumer.ts"), CONSUMER);
  for (const name of ["@types/node", "undici-types"]) {
    const link = path.join(project, "node_modules", name);
    mkdirSync(path.dirname(link), { recursive: true });
    symlinkSync(path.join(root, "node_modules", name), link, "junction");
  }
  const { typeScriptVersion } = manifestOf("@types/node"); // the oldest that can read it
  const faults = [];
  for (const compiler of COMPILERS) {
    for (const options of PROJECTS) {
      if (options.types.length > 0 && isOlder(versionOf(compiler), typeScriptVersion)) continue;
      const output = compile(project, compiler, options);
      if (output !== "") faults.push(`${compiler}, ${JSON.stringify(options)}:\n${output}`);
    }
  }
  return faults;
}

function manifestOf(name) {
  return JSON.parse(readFileSync(path.join(root, "node_modules", name, "package.json"), "utf8"));
}

function versionOf(name) {
  return manifestOf(name).version;
}

function isOlder(version, than) {
  return version.localeCompare(than, "en", { numeric: true }) < 0;
}

function compile(project, compiler, options) {
  const compilerOptions = { target: "es2022", strict: true, skipLibCheck: false, noEmit: true, ...options };
  const config = path.join(project, "tsconfig.json");
  writeFileSync(config, JSON.stringify({ compilerOptions, files: ["consumer.ts"] }));
  const tsc = path.join(root, "node_modules", compiler, "bin", "tsc");
  const { status, stdout, stderr } = spawnSync(runtimes.node, [tsc, "-p", config], { encoding: "utf8" });
  return status === 0 ? "" : `${stdout}${stderr}`;
}

/** What a bundler makes of a program that calls `serve()`. */
async function bundled(project) {
  const stdin = { contents: `export { serve } from "@mooring/http";`, resolveDir: project };
  const options = { bundle: true, write: false, minify: true, format: "esm", platform: "node" };
  const { outputFiles: [{ contents }] } = await build({ stdin, ...options });
  return gzipSync(contents);
}

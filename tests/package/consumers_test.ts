/** The packages as users get them: installed into an empty project, imported in each of the runtime's ways, and served from. */
import assert from "node:assert/strict";
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import process from "node:process";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";
import { installInto, pack } from "../../scripts/npm_package.mjs";
import { Child } from "../support/child.ts";
import { repository } from "../support/repository.ts";
import { run, runWell } from "../support/tools.ts";

const IMPORT = `import { serve } from "@mooring/http";`;
const SERVE = `
serve({ port: 0, fetch: async (request) => new Response("got " + await request.text()) })
  .then((server) => console.log(server.url));
`;
/** A program in TypeScript: its types have to be taken away, or checked. */
const TYPED = `
import { serve, type Server } from "@mooring/http";
import { FastResponse, type FetchHandler } from "@mooring/http";
const fetch: FetchHandler = async (request) => new FastResponse("got " + await request.text());
const server: Server = await serve({ port: 0, fetch });
console.log(server.url);
`;

let scratch: string;
let project: string;

before(() => {
  scratch = mkdtempSync(path.join(tmpdir(), "mooring-consumers-"));
  project = path.join(scratch, "project");
  const { tarball } = pack(fileURLToPath(repository), scratch);
  installInto(project, tarball);
});

after(() => rmSync(scratch, { recursive: true, force: true }));

/** Writes a file of the project. */
function write(name: string, text: string): string {
  const file = path.join(project, name);
  mkdirSync(path.dirname(file), { recursive: true });
  writeFileSync(file, text);
  return file;
}

/** Runs a program that prints where it serves, and asks it. */
async function answers(...command: string[]): Promise<void> {
  await using child = await Child.start(command);
  const response = await fetch(child.log.trim(), { method: "POST", body: "cargo" });
  assert.equal(await response.text(), "got cargo");
  assert.equal(child.errors, "");
}

/** Runs a program with an option that there is not, and reads what the runtime prints of the error. */
async function assertErrorIsShort(command: readonly string[], source: RegExp): Promise<void> {
  const file = write("mistaken.mjs", `${IMPORT}\nawait serve({ prt: 1 });\n`);
  const { stderr, code } = await run(command[0], [...command.slice(1), file]);
  assert.equal(code, 1);
  assert.match(stderr, /option "prt" is unknown/);
  assert.match(stderr, source);
  assert.ok(stderr.length < 5_000, `${stderr.length} characters are printed:\n${stderr}`);
}

/** Classes that a bundler has renamed have their names. */
async function assertNames(command: readonly string[]): Promise<void> {
  const names =
    "[Response.name, new Response().constructor.name, FastResponse.name, new FastResponse().constructor.name]";
  const file = write(
    "names.mjs",
    `import { FastResponse, serve } from "@mooring/http";
     await (await serve({ port: 0, fetch: () => new Response() })).close();
     console.log(${names}.join());`,
  );
  const { stdout } = await runWell(command[0], [...command.slice(1), file]);
  assert.equal(stdout.toString().trim(), "Response,Response,FastResponse,Response");
}

/** A command of the repository's tools. */
function tool(name: string): string {
  return fileURLToPath(new URL(`node_modules/${name}`, repository));
}

const { execPath } = process;

if ("Deno" in globalThis) {
  const allowed = ["run", "--quiet", "--no-config", "--no-lock", "--allow-net"];

  test("a Deno program imports it by an npm: specifier", async () => {
    const file = write("npm.ts", TYPED.replaceAll(`"@mooring/http"`, `"npm:@mooring/http@0.1.0"`));
    await answers(execPath, ...allowed, "--check", "--node-modules-dir=manual", file);
  });

  test("an error is shown with the sources of the package, in short", async () => {
    await assertErrorIsShort(
      [execPath, ...allowed, "--node-modules-dir=manual"],
      /mooring:\/\/\/src\/options\//,
    );
  });

  test("classes have their names", () => assertNames([execPath, ...allowed, "--node-modules-dir=manual"]));

  test("a Deno program imports what JSR has, by an import map", async () => {
    const { exports, publish } = JSON.parse(readFileSync(new URL("deno.json", repository), "utf8"));
    const published = path.join(scratch, "jsr");
    for (const name of publish.include.map((pattern: string) => pattern.replace(/\/\*\*.*$/, ""))) {
      cpSync(fileURLToPath(new URL(name, repository)), path.join(published, name), { recursive: true });
    }
    const imports = Object.entries<string>(exports).map(([subpath, module]) => [
      path.posix.join("@mooring/http", subpath).replace(/\/$/, ""),
      path.join(published, module),
    ]);
    const map = write("import_map.json", JSON.stringify({ imports: Object.fromEntries(imports) }));
    await answers(execPath, ...allowed, "--check", `--import-map=${map}`, write("jsr.ts", TYPED));
  });
} else if ("Bun" in globalThis) {
  test("a Bun program imports it", async () => {
    await answers(execPath, write("server.ts", TYPED));
  });

  test("an error is shown in short", () => assertErrorIsShort([execPath], /mistaken\.mjs:2/));

  test("classes have their names", () => assertNames([execPath]));

  test("bun build bundles it", async () => {
    const out = path.join(project, "bundle.js");
    await runWell(execPath, ["build", write("app.ts", TYPED), "--target=bun", `--outfile=${out}`]);
    await answers(execPath, out);
  });
} else {
  test("an ES module imports it", async () => {
    await answers(execPath, write("server.mjs", `${IMPORT}${SERVE}`));
  });

  test("an error is shown with the sources of the package, in short", async () => {
    await assertErrorIsShort([execPath], /mistaken\.mjs:2/);
    await assertErrorIsShort([execPath, "--enable-source-maps"], /mooring:\/\/\/src\/options\//);
  });

  test("classes have their names", () => assertNames([execPath]));

  test("a CommonJS module imports it", async () => {
    await answers(
      execPath,
      write("import.cjs", `import("@mooring/http").then(({ serve }) => {${SERVE}});`),
    );
  });

  test("a CommonJS module requires it", async () => {
    await answers(
      execPath,
      "--no-warnings", // of Node 20: that require() of an ES module is an experiment
      write("require.cjs", `const { serve } = require("@mooring/http");${SERVE}`),
    );
  });

  test("a TypeScript program is compiled with it", async () => {
    const file = write("src/server.mts", TYPED);
    const types = fileURLToPath(new URL("node_modules/@types", repository));
    const options = [
      "--ignoreConfig",
      "--strict",
      "--module",
      "nodenext",
      "--target",
      "es2022",
      "--typeRoots",
      types,
    ];
    await runWell(execPath, [
      tool("typescript/bin/tsc"),
      ...options,
      "--types",
      "node",
      "--outDir",
      project,
      file,
    ]);
    await answers(execPath, path.join(project, "server.mjs"));
  });

  test("esbuild bundles it", async () => {
    const out = path.join(project, "esbuild.mjs");
    const options = ["--bundle", "--platform=node", "--format=esm", `--outfile=${out}`];
    await runWell(tool("esbuild/bin/esbuild"), [write("app.ts", TYPED), ...options]);
    await answers(execPath, out);
  });

  test("Vite bundles it for a server", async () => {
    write("vite/app.ts", TYPED);
    const config = { build: { ssr: "app.ts", target: "es2022" }, ssr: { noExternal: true } };
    write("vite/vite.config.mjs", `export default ${JSON.stringify(config)};`);
    const node = tool("node/bin/node"); // Vite runs on recent versions alone
    await runWell(node, [tool("vite/bin/vite.js"), "build", path.join(project, "vite"), "--logLevel=warn"]);
    await answers(execPath, path.join(project, "vite/dist/app.mjs"));
  });
}

// Builds the npm package: the entry points to dist/ as JavaScript in few files, since each file that is loaded delays the
// start of a program, and all declarations as .d.ts.
// buildTests() builds the test suite for Node 20, which runs no TypeScript, to .build/.
import { spawnSync } from "node:child_process";
import {
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { entryPoints, fail, install, root, runtimes, tsc } from "./tools.mjs";

/**
 * Mirrors the repository in .build/ with every .ts file as .js. What tests find by a path relative to their own
 * (fixtures, examples, scripts, node_modules) is at the same relative path there.
 */
export function buildTests() {
  const out = path.join(root, ".build");
  mkdirSync(out, { recursive: true });
  compile("tsconfig.test.json");
  for (const name of ["package.json", "scripts", "tests", "examples", "bench"]) {
    const from = path.join(root, name);
    if (!existsSync(from)) continue;
    cpSync(from, path.join(out, name), { recursive: true, filter: (file) => !file.endsWith(".ts") });
  }
  const link = path.join(out, "node_modules");
  if (!existsSync(link)) symlinkSync(path.join(root, "node_modules"), link, "junction");
}

function compile(config) {
  const { status } = spawnSync(runtimes.node, [tsc, "-p", config], { cwd: root, stdio: "inherit" });
  if (status !== 0) fail(`tsc -p ${config} failed; its messages are above.`);
}

/** What modules load when they use it. */
function lazyModules() {
  return readdirSync(path.join(root, "src"), { recursive: true, withFileTypes: true })
    .filter((file) => file.name.endsWith(".ts"))
    .flatMap(({ parentPath, name }) => {
      const source = readFileSync(path.join(parentPath, name), "utf8");
      return Array.from(source.matchAll(/\bimport\("(.+?)"\)/g), ([, to]) => path.join(parentPath, to));
    });
}

/**
 * esbuild puts modules into one file that the same entry points need, and loading many files takes a program's time. So
 * all need what the main one needs, which is nearly everything.
 */
const inOneFile = {
  name: "in-one-file",
  setup({ onLoad }) {
    const others = new Set([
      ...entryPoints().slice(1).map((entry) => path.join(root, entry)),
      ...lazyModules(),
    ]);
    onLoad({ filter: /\.ts$/ }, ({ path: file }) => {
      if (!others.has(file)) return undefined;
      const contents = `${readFileSync(file, "utf8")}\nimport ${
        JSON.stringify(path.join(root, "mod.ts"))
      };\n`;
      return { contents, loader: "ts" };
    });
  },
};

/** One file for each entry point, one for what they share, and some for what is loaded when it is used. */
async function bundle() {
  await build({
    absWorkingDir: root,
    entryPoints: entryPoints(),
    outdir: "dist",
    outbase: ".",
    chunkNames: "shared/[name]-[hash]",
    bundle: true,
    splitting: true,
    format: "esm",
    packages: "external", // `ws`, which users install
    platform: "node",
    target: "es2022",
    // Deno loads fewer characters in two thirds of the time. Names stay, for stack traces.
    minifyWhitespace: true,
    minifySyntax: true,
    // Node and Bun print the line that has thrown, Bun five more above it.
    lineLimit: 120,
    sourcemap: true,
    // Deno reads the maps as it loads the files: without the text of the sources that takes half of the time.
    sourcesContent: false,
    ignoreAnnotations: true,
    plugins: [inOneFile],
  });
  nameSources();
}

/**
 * Names the sources of the maps by URLs: the package has no such files, and Deno shows a wrong line of a wrong file then.
 */
function nameSources() {
  const dist = path.join(root, "dist");
  for (const name of readdirSync(dist, { recursive: true }).filter((name) => name.endsWith(".js.map"))) {
    const file = path.join(dist, name);
    const map = JSON.parse(readFileSync(file, "utf8"));
    map.sources = map.sources.map((source) => {
      const relative = path.relative(root, path.resolve(path.dirname(file), source));
      return `mooring:///${relative.replaceAll(path.sep, "/")}`;
    });
    writeFileSync(file, JSON.stringify(map));
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  install();
  rmSync(path.join(root, "dist"), { recursive: true, force: true });
  compile("tsconfig.build.json");
  await bundle();
}

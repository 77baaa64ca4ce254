/** What users import: the subpaths of the JSR package and those of the npm package are the same modules. */
import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { test } from "node:test";
import { repository as root } from "../support/repository.ts";

// deno-lint-ignore no-explicit-any
function readJson(name: string): any {
  return JSON.parse(readFileSync(new URL(name, root), "utf8"));
}

const { name, version, license, exports: modules, publish } = readJson("deno.json");
const npm = readJson("package.json");
const { "./package.json": itself, ...built } = npm.exports;

/** Subpath and module of each. */
const subpaths: [string, string][] = Object.entries(modules);

/** What of the build a module becomes. */
function builtAs(module: string, extension: string): string {
  return module.replace("./", "./dist/").replace(/\.ts$/, extension);
}

test("both packages are the same one", () => {
  assert.deepEqual({ name, version, license }, {
    name: npm.name,
    version: npm.version,
    license: npm.license,
  });
});

test("both packages have the same subpaths, for the same modules", () => {
  assert.deepEqual(Object.keys(modules), [
    ".",
    "./deno",
    "./bun",
    "./node",
    "./global",
    "./testing",
    "./websocket",
  ]);
  const expected = subpaths.map(([subpath, module]) => [
    subpath,
    { types: builtAs(module, ".d.ts"), default: builtAs(module, ".js") },
  ]);
  assert.deepEqual(Object.entries(built), expected);
  assert.equal(itself, "./package.json");
  assert.equal(npm.types, built["."].types);
});

test("the module of each subpath exists, is built, is published and is documented", () => {
  const builds = readJson("tsconfig.build.json").include;
  for (const [, module] of subpaths) {
    const path = module.slice("./".length);
    assert.ok(existsSync(new URL(path, root)), path);
    assert.ok(builds.includes(path.startsWith("src/") ? "src" : path), `${path} is built`);
    assert.ok(
      publish.include.includes(path.startsWith("src/") ? "src/**/*.ts" : path),
      `${path} is published`,
    );
    const text = readFileSync(new URL(path, root), "utf8");
    assert.match(text, /^\/\*\*[^]*?@module\n \*\//, `${path} tells what it is for`);
  }
  assert.ok(npm.files.includes("dist"));
});

test("what is imported for what it does is not left out by bundlers, and nothing else is kept", () => {
  assert.deepEqual(npm.sideEffects, [built["./global"].default]);
  const text = readFileSync(new URL("global.ts", root), "utf8");
  assert.doesNotMatch(text, /^export /m);
  for (const module of Object.values<string>(modules)) {
    if (module === modules["./global"]) continue;
    const text = readFileSync(new URL(module, root), "utf8");
    assert.doesNotMatch(text, /^import "/m, `${module} imports nothing for what it does`);
  }
});

// Where the pinned tools lie in node_modules, and how they get there: install() runs `npm ci` when they are not.
// Every script starts here, on any Node from 20 up and before anything is installed, so it needs only the platform.
import { spawnSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";

export const root = fileURLToPath(new URL("..", import.meta.url));

const modules = path.join(root, "node_modules");
const exe = process.platform === "win32" ? ".exe" : "";

/** The runtimes. Never through `.bin/node`: two versions of Node are installed, and either may own that name. */
export const runtimes = {
  deno: path.join(modules, "deno", `deno${exe}`),
  bun: path.join(modules, "bun", "bin", "bun.exe"), // has that name on every system
  node: path.join(modules, "node", "bin", `node${exe}`),
  node20: path.join(modules, "node-floor", "bin", `node${exe}`),
};

/** The modules that users import: what deno.json exports, and package.json as well. */
export function entryPoints() {
  const { exports } = JSON.parse(readFileSync(path.join(root, "deno.json"), "utf8"));
  return Object.values(exports).map((module) => path.posix.normalize(module));
}

/** TypeScript's command, a script for `runtimes.node`. */
export const tsc = path.join(modules, "typescript", "bin", "tsc");

/** Installs what package-lock.json pins, unless it is there already. Ends the process with a reason if that fails. */
export function install() {
  if (isInstalled()) return;
  console.log("Installing the pinned tools: npm ci");
  const { status } = spawnSync("npm ci --include=dev", { cwd: root, stdio: "inherit", shell: true });
  if (status !== 0) fail("npm ci failed; its reason is above.");
  for (const [name, file] of Object.entries(runtimes)) {
    if (!existsSync(file)) {
      fail(
        `npm ci left no ${name} at ${file}. Are install scripts switched off? See: npm config get ignore-scripts`,
      );
    }
  }
}

/** Says why in one line, and ends the process. */
export function fail(message) {
  console.error(`error: ${message}`);
  process.exit(1);
}

/** npm notes what it installed in node_modules; that must agree with the lock, and the runtimes must be there. */
function isInstalled() {
  const noted = path.join(modules, ".package-lock.json");
  if (!existsSync(noted) || !Object.values(runtimes).every((file) => existsSync(file))) return false;
  const wanted = readPackages(path.join(root, "package-lock.json"));
  const present = readPackages(noted);
  return Object.entries(wanted).every(([place, { version, optional }]) =>
    place === "" || present[place]?.version === version || (optional && !present[place])
  );
}

function readPackages(lockFile) {
  return JSON.parse(readFileSync(lockFile, "utf8")).packages;
}

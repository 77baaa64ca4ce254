// @ts-self-types="./npm_package.d.mts"
// The npm package as users get it: packed, and installed into an empty project.
import { execFileSync } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import path from "node:path";

/** Builds and packs the package into `directory`. Returns the tarball's path, and its sizes in bytes. */
export function pack(repository, directory) {
  mkdirSync(directory, { recursive: true });
  const output = npm(["pack", "--json", "--silent", "--pack-destination", directory], repository);
  const [{ filename, size, unpackedSize, files }] = JSON.parse(output.slice(output.indexOf("[")));
  return { tarball: path.join(directory, filename), size, unpackedSize, files: files.length };
}

/** Installs `tarball` into the project in `directory`, with nothing but the tarball at hand. */
export function installInto(directory, tarball, manifest = {}) {
  mkdirSync(directory, { recursive: true });
  writeFileSync(path.join(directory, "package.json"), JSON.stringify({ private: true, ...manifest }));
  npm(["install", "--offline", "--silent", tarball], directory);
}

function npm(args, cwd) {
  const shell = process.platform === "win32"; // npm is a script there
  return execFileSync("npm", args, { cwd, shell, encoding: "utf8", stdio: ["ignore", "pipe", "inherit"] });
}

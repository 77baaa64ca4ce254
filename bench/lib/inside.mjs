// Programs that measure inside of a runtime, with no server and no client: each prints its figures as JSON.

import { execFile } from "node:child_process";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

const ROOT = new URL("../../", import.meta.url);
/** Milliseconds after which such a program hangs. */
const TIMEOUT = 300_000;
/** Bytes that it prints at the most. */
const MAX_OUTPUT = 16 * 1024 * 1024;

/** Runs `file`, which is named from the repository's root, and resolves to what it printed. */
export async function runInside(runtime, file, { pin, args = [], env = {} }) {
  const path = fileURLToPath(new URL(file, ROOT));
  const [command, ...rest] = [...pin, runtime.path, ...runtime.flags, path, ...args];
  const { stdout } = await promisify(execFile)(command, rest, {
    env: { ...process.env, NO_COLOR: "1", ...env },
    timeout: TIMEOUT,
    maxBuffer: MAX_OUTPUT,
  });
  return JSON.parse(stdout);
}

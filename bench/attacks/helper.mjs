// The processes beside a server: the attacker and the good clients. Each says "ready", and at its end a line of JSON.

import { spawn } from "node:child_process";
import { once } from "node:events";
import process from "node:process";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

/** Milliseconds after which a helper that says nothing is given up. */
const PATIENCE = 30_000;

const running = new Set();

/** Starts one on this process's core; resolves when it says "ready". */
export async function startHelper(file, ...args) {
  const path = fileURLToPath(new URL(file, import.meta.url));
  const child = spawn(process.execPath, [path, ...args.map(String)], { stdio: ["pipe", "pipe", "inherit"] });
  child.stdin.on("error", () => {}); // it ended by itself; `line` says so
  running.add(child);
  child.once("exit", () => running.delete(child));
  const lines = createInterface({ input: child.stdout });
  const line = async () => {
    const signal = AbortSignal.timeout(PATIENCE);
    const ended = once(lines, "close", { signal }).then(() => []);
    const [text] = await Promise.race([once(lines, "line", { signal }), ended]);
    if (text === undefined) throw new Error(`${file} ended early`);
    return text;
  };
  await line();
  return {
    /** Lets it begin; resolves to what it found. */
    async run() {
      const result = line();
      child.stdin.write("\n");
      return JSON.parse(await result);
    },
    /** Ends it; resolves to what it did. */
    async stop() {
      const result = line();
      child.stdin.end();
      return JSON.parse(await result);
    },
  };
}

/** Ends those that are still there. */
export function stopHelpers() {
  for (const child of running) child.kill("SIGKILL");
}

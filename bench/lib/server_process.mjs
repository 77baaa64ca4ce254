// Server processes: started pinned, up once they have printed "ready", stopped all together.
// A server that does not come up is an error that carries what it said on stderr.

import { spawn } from "node:child_process";
import { createServer } from "node:net";
import process from "node:process";
import { serverPath } from "./roster.mjs";

/** Milliseconds that a server has to print "ready". */
const START_TIMEOUT = 15_000;
/** Characters of output that are kept, the first of them: a failure's reason, not its repetition for each request. */
const OUTPUT_KEPT = 1_500;

const running = new Set();

/** @returns {Promise<{ pid: number, port: number, stderr(): string, stop(): void }>} */
export async function startServer(runtime, spec, pin, extra = []) {
  const port = await freePort();
  const child = spawnServer(runtime, spec, pin, [String(port), ...extra]);
  let stderr = "";
  child.stderr.setEncoding("utf8").on("data", (text) => stderr = (stderr + text).slice(0, OUTPUT_KEPT));
  try {
    await untilReady(child);
  } catch (error) {
    child.kill("SIGKILL");
    throw Object.assign(error, { stderr: stderr.trim() });
  }
  return { pid: child.pid, port, stderr: () => stderr.trim(), stop: () => void child.kill("SIGKILL") };
}

/** Starts the process; what it prints is the caller's to read. */
export function spawnServer(runtime, spec, pin, extra) {
  const [command, ...args] = [...pin, runtime.path, ...runtime.flags, serverPath(runtime, spec), ...extra];
  const child = spawn(command, args, {
    stdio: ["ignore", "pipe", "pipe"],
    env: { ...process.env, NODE_ENV: "production", NO_COLOR: "1" },
  });
  running.add(child);
  child.once("exit", () => running.delete(child));
  return child;
}

/** Ends every server that is still up. They hold nothing worth a farewell. */
export function stopAll() {
  for (const child of running) child.kill("SIGKILL");
  running.clear();
}

function untilReady(child) {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error(`not ready after ${START_TIMEOUT} ms`)), START_TIMEOUT);
    let stdout = "";
    child.stdout.setEncoding("utf8").on("data", (text) => {
      stdout = (stdout + text).slice(0, OUTPUT_KEPT);
      if (/^ready$/m.test(stdout)) settle(resolve);
    });
    child.once("error", (error) => settle(() => reject(error)));
    // "close" rather than "exit": by then stderr has been read to its end
    child.once(
      "close",
      (code, signal) => settle(() => reject(new Error(`did not start (exit ${code ?? signal})`))),
    );
    const settle = (act) => {
      clearTimeout(timer);
      act();
    };
  });
}

/** A port that is free right now. */
export function freePort() {
  return new Promise((resolve, reject) => {
    const probe = createServer().once("error", reject).listen(0, "127.0.0.1", () => {
      const { port } = probe.address();
      probe.close(() => resolve(port));
    });
  });
}

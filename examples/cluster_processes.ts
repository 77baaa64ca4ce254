// The first process of a cluster on runtimes that share a port by SO_REUSEPORT: starts the others, starts another
// for one that breaks, and ends with the last.
import { type ChildProcess, spawn } from "node:child_process";
import { availableParallelism } from "node:os";
import process from "node:process";

/** Runs WORKERS processes (as many as there are cores) by this command, with WORKER set. */
export async function supervise(file: string, ...args: readonly string[]): Promise<void> {
  const workers = new Set<ChildProcess>();
  let stopping = false;

  for (const signal of ["SIGINT", "SIGTERM"] as const) {
    process.on(signal, () => {
      stopping = true;
      for (const worker of workers) worker.kill("SIGTERM");
    });
  }

  /** Starts a worker; resolves to its port when it listens. */
  const start = (port: string): Promise<string> =>
    new Promise((resolve, reject) => {
      const worker = spawn(file, args, {
        env: { ...process.env, WORKER: "1", PORT: port },
        stdio: ["ignore", "pipe", "inherit"],
      });
      workers.add(worker);
      let listens = false;
      let log = "";
      worker.stdout.setEncoding("utf8").on("data", (text: string) => {
        process.stdout.write(text);
        if (listens) return;
        const [, port] = /listens on http:\/\/[^:]+:(\d+)\//.exec(log += text) ?? [];
        if (port === undefined) return;
        listens = true;
        resolve(port);
        // It came up while the others were told to end.
        if (stopping) worker.kill("SIGTERM");
      });
      worker.on("error", reject);
      worker.on("close", (code) => {
        workers.delete(worker);
        // Deno knows none where it has sent a signal.
        if (stopping && code !== null && code > 0) process.exitCode = 1;
        if (!listens) reject(new Error(`a worker did not start (exit code ${code})`));
        else if (!stopping) void start(port).catch(fail);
      });
    });

  const fail = (error: unknown): void => {
    console.error(error);
    stopping = true;
    process.exitCode = 1;
    for (const worker of workers) worker.kill("SIGTERM");
  };

  try {
    // With PORT=0 the first worker's port is the one that the others share.
    const port = await start(process.env.PORT ?? "8000");
    const others = Number(process.env.WORKERS ?? availableParallelism()) - 1;
    await Promise.all(Array.from({ length: others }, () => start(port)));
    console.log(`Try: curl http://localhost:${port}/ http://localhost:${port}/work`);
  } catch (error) {
    if (!stopping) fail(error);
  }
}

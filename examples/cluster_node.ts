// More than one core on Node: node:cluster hands each connection to one of several processes, which drain on
// SIGTERM. PORT chooses the port, WORKERS how many processes; without it there are as many as cores.
import cluster from "node:cluster";
import { availableParallelism } from "node:os";
import process from "node:process";
import { work } from "./cluster_worker.ts";

if ("Deno" in globalThis || "Bun" in globalThis) {
  console.error("This example is for Node; there are cluster_deno.ts and cluster_bun.ts, too");
  process.exit(1);
}

if (cluster.isPrimary) {
  let stopping = false;
  let listening = 0;
  const workers = Number(process.env.WORKERS ?? availableParallelism());
  for (let i = 0; i < workers; i++) cluster.fork();

  cluster.on("listening", (worker, { port }) => {
    if (++listening === workers) {
      console.log(`Try: curl http://localhost:${port}/ http://localhost:${port}/work`);
    }
    // It came up while the others were told to end.
    if (stopping) worker.process.kill("SIGTERM");
  });
  cluster.on("exit", (worker, code) => {
    if (stopping && code !== 0) process.exitCode = 1;
    // Another for one that broke; but not for one that never came up, as the next would not either.
    else if (!stopping && listening >= workers) cluster.fork();
    else if (!stopping) throw new Error(`worker ${worker.process.pid} did not start (exit code ${code})`);
  });
  for (const signal of ["SIGINT", "SIGTERM"] as const) {
    process.on(signal, () => {
      stopping = true;
      for (const worker of Object.values(cluster.workers ?? {})) worker?.process.kill("SIGTERM");
    });
  }
} else {
  await work(false);
  // It would stay for what its first process might have to say.
  cluster.worker?.disconnect();
}

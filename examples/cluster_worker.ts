// What each process of the cluster examples does: it serves, and drains on SIGTERM. `GET /` answers at once,
// `GET /work` after 20 ms.
import process from "node:process";
import { setTimeout as delay } from "node:timers/promises";
import { FastResponse, serve } from "../mod.ts";

/** Serves on PORT until a SIGTERM; resolves when the last connection has ended. */
export async function work(reusePort: boolean): Promise<void> {
  const server = await serve({
    port: Number(process.env.PORT ?? 8000),
    reusePort,
    async fetch(request) {
      if (new URL(request.url).pathname === "/work") await delay(20);
      return FastResponse.json({ worker: process.pid });
    },
  });

  // Ctrl-C reaches every process of a terminal; what it means is for the first of them to say, by SIGTERM.
  process.on("SIGINT", () => {});
  let stopping = false;
  process.on("SIGTERM", () => {
    if (stopping) return void server.close();
    stopping = true;
    void server.shutdown({ timeout: 10_000, idleGrace: 1_000 }).then(({ finished, idleClosed, forced }) => {
      console.log(
        `worker ${process.pid} ends: ${finished} connections finished, ${idleClosed} were idle, ${forced} cut off`,
      );
      if (forced > 0) process.exitCode = 1;
    });
  });
  // Not before: from now on somebody may want it to end.
  console.log(`worker ${process.pid} listens on ${server.url}`);
  await server.finished;
}

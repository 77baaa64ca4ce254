/**
 * Races for the Unix sockets `<folder>/0.sock`, `1.sock` and so on: serves on each as soon as it lies there, and tells
 * as a line of JSON how that went. A server ends when the next round begins.
 */
import { existsSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { serve, type Server } from "../../mod.ts";

const [folder, rounds] = process.argv.slice(2);
console.log(JSON.stringify({ pid: process.pid }));

let server: Server | undefined;
for (let round = 0; round < Number(rounds); round++) {
  const path = join(folder, `${round}.sock`);
  while (!existsSync(path)) await new Promise((resolve) => setImmediate(resolve));
  const last = server?.close();
  server = undefined;
  let error: string | undefined;
  try {
    server = await serve({ path, fetch: () => new Response(String(process.pid)) });
  } catch (reason) {
    error = String(reason);
  }
  console.log(JSON.stringify({ round, error }));
  await last;
}

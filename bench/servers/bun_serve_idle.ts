// Bun.serve that keeps idle connections for a given time, as long as it can. Arguments: the port, the idle time in
// milliseconds.

import process from "node:process";

declare const Bun: {
  serve(options: { port: number; hostname: string; idleTimeout: number; fetch(): Response }): unknown;
};

/** Seconds: what Bun takes at the most. */
const LONGEST = 255;

const [port, idle] = process.argv.slice(2).map(Number);

Bun.serve({
  port,
  hostname: "127.0.0.1",
  idleTimeout: Math.min(idle / 1000, LONGEST),
  fetch: () => new Response("hello"),
});
console.log("ready");

/**
 * A program whose server is told `ref()`, `unref()` or `close()`, as its argument says; it prints when it lives on all the
 * same, and when the server is closed.
 */
import process from "node:process";
import { setTimeout } from "node:timers";
import { createServer } from "../../mod.ts";

const server = createServer({ exchange: (x) => x.respond(200) });
await server.listen({ port: 0, hostname: "127.0.0.1" });
console.log("listening");
for (const call of process.argv[2].split(",")) {
  if (call === "close") void server.close().then(() => console.log("closed"));
  else server[call as "ref" | "unref"]();
}
// Does not keep the process alive itself.
setTimeout(() => console.log("still here"), 100).unref();

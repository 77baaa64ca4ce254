/**
 * A server in a process that may have few descriptors. Its arguments are how it listens: `serve` or `node`, and the
 * options as JSON. It prints where it listens, and a line when no descriptor is left.
 */
import { closeSync, openSync } from "node:fs";
import process from "node:process";
import { serve } from "../../mod.ts";
import { serve as serveOnNode } from "../../src/adapters/node.ts";

const [way, options] = process.argv.slice(2);
const server = await (way === "node" ? serveOnNode : serve)({
  ...JSON.parse(options),
  exchange: (x) => x.respond(200, {}, "hello"),
});
console.log(JSON.stringify({ url: server.url, addr: server.addr }));

const watch = setInterval(() => {
  try {
    closeSync(openSync("/dev/null", "r"));
  } catch {
    clearInterval(watch);
    console.log(JSON.stringify({ left: 0 }));
  }
}, 10);

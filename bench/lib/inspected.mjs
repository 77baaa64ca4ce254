// Runs a server file whose memory somebody wants to know: it is told on the Unix socket, to "look" at once, to "collect"
// after the heap was collected, and compacted where the runtime can. Arguments: the port, the server file, the path of
// the socket, and the server's further arguments.

import { createServer } from "node:net";
import process from "node:process";
import { pathToFileURL } from "node:url";
import { readHeap } from "./heap.mjs";

/** Collections in a row: what the first one leaves to finalizers, the next ones free. */
const COLLECTIONS = 4;
/** Milliseconds between them, for the finalizers, and for memory to go back to the system. */
const PAUSE = 50;

const [port, file, path, ...rest] = process.argv.slice(2);
process.argv.splice(2, Infinity, port, ...rest);

const control = createServer((socket) => {
  socket.on("data", async (command) => {
    if (command.toString() === "collect") await collect();
    socket.write(JSON.stringify(readHeap()) + "\n");
  });
});
control.listen(path, () => import(pathToFileURL(file).href));

async function collect() {
  for (let i = 0; i < COLLECTIONS; i++) {
    if ("Bun" in globalThis) globalThis.Bun.gc(true);
    // Only this flavor compacts the heap, so that what is resident does not depend on how it came to be.
    else globalThis.gc({ type: "major", execution: "sync", flavor: "last-resort" });
    await new Promise((resolve) => setTimeout(resolve, PAUSE));
  }
}

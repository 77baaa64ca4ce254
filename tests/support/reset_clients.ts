/**
 * Clients that connect to the port of the first argument and reset at once: as many as the second says, or for ever
 * without one. Prints a line before the first.
 */
import { once } from "node:events";
import net from "node:net";
import process from "node:process";

const [port, count = Infinity] = process.argv.slice(2).map(Number);
/** At a time; fewer than any server lets wait. */
const BATCH = 50;

console.log("resetting");
for (let done = 0; done < count; done += BATCH) {
  await Promise.all(Array.from({ length: Math.min(BATCH, count - done) }, connectAndReset));
}

async function connectAndReset(): Promise<void> {
  const socket = net.connect(port, "127.0.0.1").on("error", () => {});
  const closed = once(socket, "close").catch(() => {});
  await once(socket, "connect").catch(() => {});
  socket.resetAndDestroy();
  await closed;
}

// The process of an attack. Arguments: its name, and the port. Prints "ready" when the attack is under way; when its
// stdin ends, or its time is over, it prints how many connections it has opened, and is gone with all of them.

import { constants, setPriority } from "node:os";
import process from "node:process";
import { ATTACKS } from "./roster.mjs";

/** Milliseconds after which it ends by itself, whatever became of who started it. */
const LIMIT = 60_000;

// It shares a core with the good clients, who are not to wait for it there.
setPriority(constants.priority.PRIORITY_LOW);

const [name, port] = process.argv.slice(2);
const tally = { connections: 0 };

setTimeout(stop, LIMIT);
process.stdin.resume().on("end", stop);
await ATTACKS[name].start({ port: Number(port), tally });
console.log("ready");

function stop() {
  console.log(JSON.stringify(tally));
  process.exit();
}

/**
 * `process` without the module `node:process`: to import that touches each of its members, and so opens stdin.
 */
import type nodeProcess from "node:process";

/** As `node:process`. */
export const process: typeof nodeProcess = Reflect.get(globalThis, "process");

/**
 * `process` without the module `node:process`, which touches each of its members when it is imported, and so opens stdin.
 */
import type process from "node:process";

/** As `node:process`. Called where it is needed: Deno takes its time to make it. */
export function nodeProcess(): typeof process {
  return Reflect.get(globalThis, "process");
}

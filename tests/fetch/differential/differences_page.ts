/**
 * The rows of `docs/differences.md`: one for each difference that is known.
 */
import { type KnownDifference, knownDifferences, type Runtime } from "./known_differences.ts";

const RUNTIMES: readonly Runtime[] = ["Node 20", "Node 26", "Deno", "Bun"];

function where({ found }: KnownDifference): string {
  const runtimes = RUNTIMES.filter((runtime) => found.some((part) => part.runtimes.includes(runtime)));
  if (runtimes.length === RUNTIMES.length) return "everywhere";
  return runtimes.join(", ").replace("Node 20, Node 26", "Node");
}

/** Each row, with one space around its cells. */
export const rows: readonly string[] = knownDifferences.map((difference) =>
  `| ${difference.what} | ${difference.why} | ${where(difference)} |`
);

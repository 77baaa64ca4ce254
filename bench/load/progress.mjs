// Progress of a run: a line that is redrawn on a terminal, elsewhere a line now and then.

import process from "node:process";
import { thousands } from "../lib/table.mjs";
import { countUnanswered } from "./tally.mjs";

const BAR_WIDTH = 24;

/** Milliseconds between two reports. */
const EVERY = { terminal: 200, log: 5_000 };

/** Options of `runLoad()` that show how far it is, and what removes that from the terminal. */
export function showProgress(title, output = process.stderr) {
  return {
    progressEvery: output.isTTY ? EVERY.terminal : EVERY.log,
    onProgress(share, elapsed, tally) {
      const line = progressLine(title, share, elapsed, tally);
      output.write(output.isTTY ? `\r\x1b[K${line.slice(0, (output.columns ?? 80) - 1)}` : `${line}\n`);
    },
    clear() {
      if (output.isTTY) output.write("\r\x1b[K");
    },
  };
}

function progressLine(title, share, elapsed, tally) {
  const filled = Math.round(share * BAR_WIDTH);
  const parts = [
    `${title} [${"#".repeat(filled)}${"-".repeat(BAR_WIDTH - filled)}] ${Math.floor(share * 100)} %`,
    `${thousands(tally.answered)} answered`,
    `${thousands(tally.answered / elapsed * 1000)}/s`,
    `${tally.open} open`,
  ];
  const failed = tally.other + countUnanswered(tally);
  if (failed > 0) parts.push(`${thousands(failed)} FAILED`);
  return parts.join(" · ");
}

#!/usr/bin/env node
// The load test: a server that runs already under persistent connections and under a new connection for each request,
// or published load tests repeated (--preset). Exits with 1 when a request was not answered, 2 when an option is wrong.

import process from "node:process";
import { loadUrl } from "./load/load_url.mjs";
import { HELP, readOptions } from "./load/options.mjs";
import { loadPresets } from "./load/load_presets.mjs";

/** Exit code of a run that the user ended: 128 and the number of SIGINT, as shells have it. */
const INTERRUPTED = 130;

const interrupt = new AbortController();
process.on("SIGINT", () => {
  if (interrupt.signal.aborted) process.exit(INTERRUPTED);
  interrupt.abort(); // answers under way are waited for, and what there is gets printed; the second time, nothing
});

try {
  const options = readOptions(process.argv.slice(2));
  if (options.help) console.log(HELP);
  else {
    const run = options.url ? loadUrl : loadPresets;
    const complete = await run(options, interrupt.signal);
    process.exitCode = interrupt.signal.aborted ? INTERRUPTED : complete ? 0 : 1;
  }
} catch (error) {
  console.error(`error: ${error.message}`);
  process.exitCode = 2;
}

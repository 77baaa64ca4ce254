// A client of the load test: it waits until its next request is due, sends it, takes the answer, and begins again.

import { performance } from "node:perf_hooks";
import { setTimeout as sleep } from "node:timers/promises";
import { createPace } from "./pace.mjs";

/**
 * Runs the client `index` of those of `job`: until its share of the amount is sent and answered, or until `signal` lets it
 * send nothing more, but take the answer that it waits for.
 */
export async function runClient(connection, job, index, tally, signal) {
  const nextTurn = createPace(job, index);
  const share = job.amount ? Math.ceil((job.amount - index) / job.connections) : Infinity;
  for (let sent = 0; sent < share && !signal.aborted; sent++) {
    const { wait, behind } = nextTurn(tally.elapsed);
    if (wait > 0) await sleep(wait, undefined, { signal }).catch(() => {}); // the signal ends it early
    if (!signal.aborted) await sendRequest(connection, tally, behind);
  }
  await connection.close();
}

/** `behind` is the milliseconds that the request is late, which belong to its latency. */
async function sendRequest(connection, tally, behind) {
  const dueAt = performance.now() - behind;
  tally.sent++;
  try {
    const status = await connection.ask();
    tally.answer(status, performance.now() - dueAt);
  } catch (error) {
    tally.fail(error);
  }
}

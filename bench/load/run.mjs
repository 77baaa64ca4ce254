// @ts-self-types="./run.d.mts"
// One run of load on one server, from one process: so many clients, each sending its next request when the last was
// answered.

import { runClient } from "./client.mjs";
import { Connection } from "./connection.mjs";
import { Tally } from "./tally.mjs";

/**
 * Sends `amount` requests in all, or for `seconds`, or what of both comes first. Then waits for the answers that are due
 * still, each at most `timeout` milliseconds.
 *
 * @param job `{ url, connections, amount?, seconds?, reconnect?, pause?, rate?, timeout, method?, headers?, body? }`:
 *   `reconnect` takes a new connection for each request, `pause` is the milliseconds between an answer and the next
 *   request of a client, `rate` the requests per second of all clients.
 * @param onProgress Called every `progressEvery` ms with the share that is done, from 0 to 1, the milliseconds so far, and
 *   the tally.
 * @param signal Ends the run early.
 */
export async function runLoad(job, { onProgress, progressEvery = 250, signal } = {}) {
  const tally = new Tally();
  const connections = Array.from({ length: job.connections }, () => new Connection(job, tally));
  // One for each client: a signal looks through all its listeners when it gets another.
  const stops = connections.map(() => new AbortController());
  const end = () => stops.forEach((stop) => stop.abort());
  if (signal?.aborted) end();
  signal?.addEventListener("abort", end);

  tally.start();
  const timer = job.seconds && setTimeout(end, job.seconds * 1000);
  const report = () => onProgress(shareDone(job, tally), tally.elapsed, tally);
  const ticker = onProgress && setInterval(report, progressEvery);
  try {
    await Promise.all(connections.map((each, i) => runClient(each, job, i, tally, stops[i].signal)));
  } finally {
    clearTimeout(timer);
    clearInterval(ticker);
    signal?.removeEventListener("abort", end);
  }
  return tally.result();
}

function shareDone({ amount, seconds }, { sent, elapsed }) {
  return Math.min(1, Math.max(amount ? sent / amount : 0, seconds ? elapsed / 1000 / seconds : 0));
}

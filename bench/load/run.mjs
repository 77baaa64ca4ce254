// @ts-self-types="./run.d.mts"
// One run of load on one server, from one process: so many connections, each sending its next request when the last
// was answered. autocannon brings the clients; how they are led is in steer.mjs.

import autocannon from "autocannon";
import { performance } from "node:perf_hooks";
import { createPace } from "./pace.mjs";
import { steerClient } from "./steer.mjs";
import { Tally } from "./tally.mjs";

/** Milliseconds between two looks whether all clients are done. */
const LOOK = 10;
/** Seconds after which autocannon would end a run by itself: never before we do. */
const NO_END = 24 * 3600;

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
  const clients = [];
  let over = false;
  let startedAt = 0;
  const elapsed = () => performance.now() - startedAt;

  const instance = autocannon({
    url: job.url,
    method: job.method ?? "GET",
    headers: { ...job.headers },
    body: job.body,
    connections: job.connections,
    amount: job.amount,
    duration: NO_END,
    sampleInt: LOOK,
    setupClient(client) {
      const pace = createPace(job, clients.length);
      clients.push(steerClient(client, { job, tally, pace, isOver: () => over, elapsed }));
    },
  });
  const end = () => {
    over = true;
    for (const client of clients) client.stop();
  };
  let timer;
  let ticker;
  instance.on("start", () => {
    startedAt = performance.now();
    tally.start();
    for (const client of clients) client.start();
    if (job.seconds) timer = setTimeout(end, job.seconds * 1000);
    if (onProgress) {
      ticker = setInterval(
        () => onProgress(shareDone(job, tally, elapsed()), elapsed(), tally),
        progressEvery,
      );
    }
    if (signal?.aborted) end();
  });
  signal?.addEventListener("abort", end);
  try {
    await instance;
  } finally {
    clearTimeout(timer);
    clearInterval(ticker);
    signal?.removeEventListener("abort", end);
  }
  return tally.result();
}

function shareDone({ amount, seconds }, { sent }, elapsed) {
  return Math.min(1, Math.max(amount ? sent / amount : 0, seconds ? elapsed / 1000 / seconds : 0));
}

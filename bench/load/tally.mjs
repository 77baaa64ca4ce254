// What became of the requests of one run: each is answered, failed with its connection, timed out, or is lost, which
// is none of these. What happens to a connection between two requests is no request's failure and counted apart.

import { createHistogram, performance } from "node:perf_hooks";

/** Nanoseconds, the unit of the histogram, in a millisecond. */
const NS = 1e6;
/** What undici says where a connection ended in order, and the answer was not there or not whole. */
const ENDED = /^UND_ERR_(SOCKET|RES_CONTENT_LENGTH_MISMATCH)$|Invalid EOF state/;
/** Percentiles of the curve: close enough to draw the distribution from, and the tail as far as counts can tell. */
const CURVE = [
  ...Array.from({ length: 199 }, (_, i) => (i + 1) / 2),
  ...[99.7, 99.8, 99.9, 99.95, 99.97, 99.99, 99.995, 99.999, 99.9999],
];

export class Tally {
  sent = 0;
  /** Answered with 2xx. */
  ok = 0;
  /** Answered with another status. */
  other = 0;
  timeouts = 0;
  /** Requests by the code of the error that ended their connection. */
  errors = {};
  /** Requests whose connection is gone without an answer and without an error. */
  lost = 0;
  /** Connections that the server ended, or that broke, while nothing was asked of them. */
  endedIdle = 0;
  connections = 0;
  open = 0;
  mostOpen = 0;
  #latencies = createHistogram();
  #startedAt = 0;
  #lastAt = 0;

  start() {
    this.#startedAt = this.#lastAt = performance.now();
  }

  answer(status, latency) {
    if (status >= 200 && status <= 299) this.ok++;
    else this.other++;
    this.#latencies.record(Math.max(1, Math.round(latency * NS)));
    this.#lastAt = performance.now();
  }

  fail(error) {
    const code = error.code ?? error.message;
    if (code === "TIMED_OUT") this.timeouts++;
    else if (ENDED.test(code)) this.lost++;
    else this.errors[code] = (this.errors[code] ?? 0) + 1;
    this.#lastAt = performance.now();
  }

  get answered() {
    return this.ok + this.other;
  }

  /** Milliseconds since the start. */
  get elapsed() {
    return performance.now() - this.#startedAt;
  }

  opened() {
    this.connections++;
    this.mostOpen = Math.max(this.mostOpen, ++this.open);
  }

  closed() {
    this.open--;
  }

  /** Plain figures; latencies in milliseconds. */
  result() {
    const { sent, ok, other, answered, errors, timeouts, lost, endedIdle, connections, mostOpen } = this;
    const seconds = (this.#lastAt - this.#startedAt) / 1000; // to the last answer or failure
    return {
      sent,
      ok,
      other,
      errors,
      timeouts,
      lost,
      endedIdle,
      connections,
      mostOpen,
      seconds,
      requestsPerSecond: seconds > 0 ? answered / seconds : 0,
      latency: this.#summary(),
      curve: this.#curve(),
    };
  }

  #summary() {
    const histogram = this.#latencies;
    const at = (percentile) => histogram.percentile(percentile) / NS;
    if (histogram.count === 0) return undefined;
    return {
      mean: histogram.mean / NS,
      p50: at(50),
      p90: at(90),
      p99: at(99),
      p99_9: at(99.9),
      max: histogram.max / NS,
    };
  }

  /** Pairs of a percentile and its latency, as far as there is more than one request beyond it. */
  #curve() {
    const histogram = this.#latencies;
    return CURVE.filter((percentile) => histogram.count * (1 - percentile / 100) >= 1)
      .map((percentile) => [percentile, histogram.percentile(percentile) / NS]);
  }
}

export function countErrors({ errors }) {
  return Object.values(errors).reduce((sum, count) => sum + count, 0);
}

/** How many requests of a tally or its result got no answer at all. */
export function countUnanswered(result) {
  return countErrors(result) + result.timeouts + result.lost;
}

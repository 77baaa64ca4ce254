// The micro suites by name, the names being those of a Go engine's published benches: what an operation is, and what
// that report gives for it (ns and bytes; ../README.md says what is known of how it was measured).

import { PIPELINE_DEPTH } from "./samples.mjs";

/**
 * `suite` is the file beside this one that holds the work, `requests` how many an operation has, and `per` what the
 * figures of an operation are divided by.
 */
export const BENCHES = {
  "keep-alive reuse": connected("a GET on a connection that has served before"),
  "single request": connected("a new connection, a GET, the client's end"),
  "10 sequential": connected("a new connection, 10 GETs one after the other, its end", {
    requests: 10,
    go: { nanoseconds: 16_497, bytes: 4_493 },
  }),
  "100 sequential": connected("a new connection, 100 GETs one after the other, its end", {
    requests: 100,
    go: { nanoseconds: 254_048, bytes: 240_316 },
  }),
  "with JSON": connected("a GET on a used connection; the answer is an object as JSON"),
  "with headers": connected("a GET with a browser's head, each another; two fields read, four answered"),
  "pipelined": connected(`${PIPELINE_DEPTH} GETs in one piece on a used connection, all answered`, {
    requests: PIPELINE_DEPTH,
  }),
  "reuse amortized": connected("a new connection, 100 GETs one after the other, its end; divided by 100", {
    requests: 100,
    per: 100,
    go: { nanoseconds: 2_350, bytes: 2_404 },
  }),
  "parse and write": isolated("a GET's head read, an answer with a body written"),
  "handler cycle": isolated(
    "an exchange from the pool, a head read, the handler's answer written, the exchange back",
    {
      go: { nanoseconds: 617.2, bytes: 50 },
    },
  ),
  "pool operations": isolated("an exchange taken from the pool, and put back", {
    go: { nanoseconds: 112.5, bytes: 0 },
  }),
  "JSON": isolated("an object as JSON, written as an answer", { go: { nanoseconds: 793.5, bytes: 48 } }),
  "parser reuse": isolated("a GET's head read by a parser that has read it before", {
    go: { nanoseconds: 521.7, bytes: 50 },
  }),
  "minimal path": isolated("the shortest GET's head read, a 204 without fields written"),
};

function connected(operation, { requests = 1, per = 1, go } = {}) {
  return { suite: "connected", operation, requests, per, go };
}

function isolated(operation, { go } = {}) {
  return { suite: "isolated", operation, requests: 1, per: 1, go };
}

// What the micro suites ask and answer.

import { WORKLOADS } from "../lib/workloads.mjs";

/** Sockets bring plain bytes. */
const plain = (payload) => new Uint8Array(payload);

export const [GET] = WORKLOADS.get.payloads.map(plain);
export const [PIPELINED] = WORKLOADS.pipelined.payloads.map(plain);
export const PIPELINE_DEPTH = WORKLOADS.pipelined.answers;
export const BROWSER_GETS = WORKLOADS.varied.payloads.map(plain);
/** Nothing in it can be left out. */
export const SHORTEST_GET = new TextEncoder().encode("GET / HTTP/1.1\r\nHost:\r\n\r\n");

const TEXT_FIELDS = { "content-type": "text/plain" };
const JSON_FIELDS = { "content-type": "application/json" };
const OBJECT = {
  id: 42,
  name: "Grace",
  email: "grace@example.com",
  roles: ["reader", "writer"],
  active: true,
};

/** Handlers; they take an exchange, or anything else that has `respond`. */
export const answerText = (x) => x.respond(200, TEXT_FIELDS, "hello");
export const answerJson = (x) => x.respond(200, JSON_FIELDS, JSON.stringify(OBJECT));
export const answerNothing = (x) => x.respond(204);
export const answerFields = (x) =>
  x.respond(200, {
    "content-type": "text/plain",
    "cache-control": "no-cache",
    "vary": "accept-encoding",
    "x-request-id": x.header("x-request-id"),
  }, x.header("accept-language"));

// What is asked of the servers, as the very bytes that go over the wire: wrk, the built-in client and the check
// before the measurement all send these. A workload with several payloads sends them in turn.

import { Buffer } from "node:buffer";
import { writeFileSync } from "node:fs";
import { join } from "node:path";

const PIPELINE_DEPTH = 16;
const POST_BYTES = 1024;
const LARGE_BYTES = 64 * 1024;

const GET = head("GET / HTTP/1.1", ["Host: localhost"]);

/** What Chrome sends with a navigation, shortened to the fields that every browser sends: about 450 bytes. */
const BROWSER_FIELDS = [
  "Host: localhost",
  "Connection: keep-alive",
  "Upgrade-Insecure-Requests: 1",
  "User-Agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36",
  "Accept: text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8",
  "Accept-Encoding: gzip, deflate, br, zstd",
  "Accept-Language: en-GB,en;q=0.9",
  "Cache-Control: max-age=0",
];

const POST_BODY = Buffer.alloc(POST_BYTES, "0123456789abcdef");

export const WORKLOADS = {
  get: workload("get", "Small GET", { payloads: [GET], frameworks: true }),
  pipelined: workload("pipelined", `Small GET, ${PIPELINE_DEPTH} pipelined`, {
    payloads: [Buffer.concat(Array(PIPELINE_DEPTH).fill(GET))],
    answers: PIPELINE_DEPTH,
  }),
  post: workload("post", "POST 1 KiB, echoed", {
    payloads: [Buffer.concat([
      head("POST /echo HTTP/1.1", [
        "Host: localhost",
        "Content-Type: text/plain",
        `Content-Length: ${POST_BYTES}`,
      ]),
      POST_BODY,
    ])],
    body: POST_BODY,
  }),
  head: workload("head", "GET with a browser's head", { payloads: [head("GET / HTTP/1.1", BROWSER_FIELDS)] }),
  varied: workload("varied", "GET with a head that differs each time", { payloads: variedHeads() }),
  large: workload("large", "GET of 64 KiB", {
    payloads: [GET],
    body: Buffer.alloc(LARGE_BYTES, "x"),
    size: LARGE_BYTES,
  }),
  connect: workload("connect", "GET on a new connection each time", {
    payloads: [head("GET / HTTP/1.1", ["Host: localhost", "Connection: close"])],
    closes: true,
  }),
};

/** Writes a workload's payloads to files, for clients that are processes of their own. */
export function writePayloads(workload, directory) {
  return workload.payloads.map((payload, index) => {
    const path = join(directory, `${workload.name}.${index}`);
    writeFileSync(path, payload);
    return path;
  });
}

/**
 * `answers` is how many each payload gets, `body` what each of them must hold, `size` how many bytes the servers are
 * told to answer a GET with, `closes` whether the connection ends with the answer, and `frameworks` whether servers
 * with a web framework are measured too.
 */
function workload(name, title, { payloads, answers = 1, body = Buffer.from("hello"), size = 0, ...flags }) {
  const { closes = false, frameworks = false } = flags;
  const fields = [
    "content-type: text/plain",
    `content-length: ${body.length}`,
    "date: Thu, 01 Jan 1970 00:00:00 GMT",
    closes ? "connection: close" : "keep-alive: timeout=60",
  ];
  const answer = Buffer.concat([head("HTTP/1.1 200 OK", fields), body]);
  // for the raw loop, should no Mooring server be there to copy the answer of
  const sampleAnswer = Buffer.concat(Array(answers).fill(answer));
  return { name, title, payloads, answers, body, size, closes, frameworks, sampleAnswer };
}

/** Eight browser-like heads in which targets, cookies and the order of fields differ, as from behind a proxy. */
function variedHeads() {
  return Array.from({ length: 8 }, (_, i) => {
    const fields = [...BROWSER_FIELDS.slice(i), ...BROWSER_FIELDS.slice(0, i)];
    fields.splice(i, 0, `Cookie: session=${"s".repeat(8 + 3 * i)}${i}`, `X-Request-Id: ${i * 7919}`);
    return head(`GET /items/${i * 1013}?page=${i} HTTP/1.1`, fields);
  });
}

/** The bytes of a head. */
export function head(startLine, fields) {
  return Buffer.from([startLine, ...fields, "", ""].join("\r\n"), "latin1");
}

// What is asked of the application, and what has to come back: a row each. They have the form of workloads (see
// lib/workloads.mjs), with what their answers are to have beside the body.

import { Buffer } from "node:buffer";
import { gunzipSync } from "node:zlib";
import { head } from "../lib/workloads.mjs";
import * as content from "./content.ts";
import { Digest } from "./digest.ts";

const UPLOAD_64K = content.BYTES_64K;
const UPLOAD_1M = content.BYTES_1M;
/** 1 KiB of JSON. */
const SHIP = Buffer.from(
  JSON.stringify({ name: "Ada", notes: Array(24).fill("draught 4 m, berth A 12, by tide") }),
);

const HTML = /^content-type: *text\/html; ?charset=utf-8$/im;
const PLAIN = /^content-type: *text\/plain; ?charset=utf-8$/im;
const JSON_TYPE = /^content-type: *application\/json\b/im;
const BYTES = /^content-type: *application\/octet-stream$/im;
const EVENTS = /^content-type: *text\/event-stream\b/im;
const JPEG = /^content-type: *image\/jpeg$/im;

const events = Array.from({ length: content.EVENTS }, (_, id) => content.eventText(id)).join("");

/** What the server behind the proxy answers with. */
const UPSTREAM = Buffer.concat([
  head("HTTP/1.1 200 OK", [
    "Content-Type: text/html; charset=utf-8",
    `Content-Length: ${Buffer.byteLength(content.HTML)}`,
    "Date: Thu, 01 Jan 1970 00:00:00 GMT",
  ]),
  Buffer.from(content.HTML),
]);

/** In the order in which they are shown. */
export const ROWS = Object.fromEntries([
  get("text", "Small text", "/text", content.TEXT, { has: [PLAIN], raw: true }),
  get("json", "Small JSON, parameters, a middleware", "/ships/42?unit=m", {
    id: "42",
    name: "Ship 42",
    unit: "m",
  }, { has: [JSON_TYPE, /^server-timing: app;dur=1$/im] }),
  get("async", "Asynchronous handler, no turn", "/async", content.TEXT),
  get("turn", "Asynchronous handler, next turn", "/turn", content.TEXT),
  get("html", "HTML 15 KB", "/html", content.HTML, { has: [HTML], raw: true }),
  get("html-utf8", "HTML 15 KB, not ASCII", "/html-utf8", content.HTML_NOT_ASCII, { has: [HTML] }),
  get("html-64k", "HTML 64 KB", "/html-64k", content.HTML_64K, { has: [HTML] }),
  get("rendered", "HTML 15 KB, rendered each time", "/rendered?title=Ships", content.renderPage("Ships"), {
    has: [HTML],
  }),
  get("list", "JSON list 30 KB", "/list", content.SHIPS, { has: [JSON_TYPE] }),
  get("bytes-4k", "Bytes 4 KiB", "/bytes-4k", content.BYTES_4K, { has: [BYTES] }),
  get("bytes-64k", "Bytes 64 KiB", "/bytes-64k", content.BYTES_64K, { has: [BYTES], raw: true }),
  get("bytes-1m", "Bytes 1 MiB", "/bytes-1m", content.BYTES_1M, { has: [BYTES], raw: true }),
  get("pull", "Stream, pull 64 × 1 KiB", "/pull", repeated(content.LINE, content.LINES), { has: [BYTES] }),
  get(
    "pull-async",
    "Stream, asynchronous pull 64 × 1 KiB",
    "/pull-async",
    repeated(content.LINE, content.LINES),
  ),
  get("events", "20 events, TransformStream", "/events", events, { has: [EVENTS] }),
  get("events-generator", "20 events, generator", "/events-generator", events, { has: [EVENTS] }),
  get("blocks", "Stream, pull 16 × 64 KiB", "/blocks", repeated(content.BYTES_64K, content.BLOCKS)),
  get("blob", "Blob 1 MiB", "/blob", content.BYTES_1M, { has: [BYTES] }),
  post("upload-64k", "Upload 64 KiB, arrayBuffer()", "/upload", UPLOAD_64K, digest(UPLOAD_64K)),
  post("upload-1m", "Upload 1 MiB, arrayBuffer()", "/upload", UPLOAD_1M, digest(UPLOAD_1M)),
  post("upload-stream", "Upload 1 MiB, read as a stream", "/stream", UPLOAD_1M, digest(UPLOAD_1M)),
  post("upload-json", "Upload JSON 1 KiB, json()", "/json", SHIP, () => ({ name: "Ada", notes: 24 }), {
    type: "application/json",
    has: [JSON_TYPE],
  }),
  form(),
  get("cookies", "Cookies: one read, two set", "/cookies", "a1b2c3", {
    fields: ["Cookie: theme=light; session=a1b2c3; seen=1"],
    has: [
      /^set-cookie: session=a1b2c3; Path=\/; HttpOnly$/im,
      /^set-cookie: theme=dark; Max-Age=3600; Path=\/$/im,
    ],
  }),
  get("redirect", "Redirect", "/old", "", { status: 302, has: [/^location: \/new$/im] }),
  get("not-found", "Not found", "/nowhere", "404 Not Found", { status: 404 }),
  get("gzip", "HTML 15 KB, CompressionStream", "/gzip", content.HTML, {
    fields: ["Accept-Encoding: gzip"],
    has: [HTML, /^content-encoding: gzip$/im],
    decode: gunzipSync,
  }),
  get("file", "File 64 KiB, the runtime's way", "/static/photo.jpg", content.BYTES_64K, { has: [JPEG] }),
  get("file-read", "File 64 KiB, readFile()", "/read.jpg", content.BYTES_64K, { has: [JPEG] }),
  get("connect", "A new connection each time", "/closing", content.TEXT, {
    fields: ["Connection: close"],
    closes: true,
    raw: true,
  }),
  get("proxy", "Proxy of HTML 15 KB: fetch()", "/proxy", content.HTML, { has: [HTML], upstream: UPSTREAM }),
  get("proxy-changed", "Proxy of HTML 15 KB, a field added", "/proxy-changed", content.HTML, {
    has: [HTML, /^x-served-by: bench$/im],
    upstream: UPSTREAM,
  }),
  get("poll-timer", "Long poll, a timer for each", "/poll-timer", content.TEXT, { connections: 1000 }),
  get("poll-event", "Long poll, an event for all", "/poll-event", content.TEXT, { connections: 1000 }),
  get("slow-readers", "Small text beside slow readers", "/text", content.TEXT, {
    beside: { count: 100, target: "/bytes-1m" },
  }),
  get("tls-text", "TLS, small text", "/text", content.TEXT, { tls: true }),
  get("tls-html", "TLS, HTML 15 KB", "/html", content.HTML, { tls: true }),
  get("tls-64k", "TLS, bytes 64 KiB", "/bytes-64k", content.BYTES_64K, { tls: true }),
  get("tls-pull", "TLS, stream, pull 64 × 1 KiB", "/pull", repeated(content.LINE, content.LINES), {
    tls: true,
  }),
].map((row) => [row.name, row]));

/**
 * A row. `has` are patterns of lines of the answer's head, `decode` makes of its body what is compared, `raw` says that
 * the raw loop is measured too, and `checks` are workloads that are checked before. `upstream` is what a server behind
 * the application answers with, `connections` are as many as there are then, and `beside` are slow readers.
 */
function row(name, title, payload, body, { status = 200, closes = false, tls = false, ...rest }) {
  const workload = { name, title, payloads: [payload], answers: 1, body, status, closes, tls, ...rest };
  return { checks: [workload], ...workload };
}

function get(name, title, target, answer, { fields = [], ...rest } = {}) {
  return row(
    name,
    title,
    head(`GET ${target} HTTP/1.1`, ["Host: localhost", ...fields]),
    toBytes(answer),
    rest,
  );
}

/** `answer(all)` is what comes back, to `?all` from a look at each byte. */
function post(name, title, target, content, answer, { type = "application/octet-stream", ...rest } = {}) {
  const fields = ["Host: localhost", `Content-Type: ${type}`, `Content-Length: ${content.length}`];
  const request = (target) => Buffer.concat([head(`POST ${target} HTTP/1.1`, fields), content]);
  const measured = row(name, title, request(target), toBytes(answer(false)), rest);
  const looked = row(name, title, request(`${target}?all`), toBytes(answer(true)), rest);
  return { ...measured, checks: [looked, measured] };
}

function form() {
  const boundary = "----mooringFormBoundary7MA4YWxkTrZu0gW";
  const field = (name, fields, content) => [
    Buffer.from(`--${boundary}\r\nContent-Disposition: form-data; name="${name}"${fields}\r\n\r\n`),
    content,
    Buffer.from("\r\n"),
  ];
  const photo = content.BYTES_4K;
  const body = Buffer.concat([
    ...field("name", "", Buffer.from("Ada Lovelace")),
    ...field("mail", "", Buffer.from("ada@example.org")),
    ...field("photo", `; filename="ada.jpg"\r\nContent-Type: image/jpeg`, photo),
    Buffer.from(`--${boundary}--\r\n`),
  ]);
  const answer = (all) => ({ name: "Ada Lovelace", file: "ada.jpg", photo: digest(photo)(all) });
  const type = `multipart/form-data; boundary=${boundary}`;
  return post("form", "Multipart form, 4 KiB file", "/form", body, answer, { type, has: [JSON_TYPE] });
}

function digest(bytes) {
  return (all) => String(new Digest(all).add(bytes));
}

function repeated(bytes, count) {
  return Buffer.concat(Array(count).fill(bytes));
}

function toBytes(answer) {
  if (answer instanceof Uint8Array) return Buffer.from(answer);
  return Buffer.from(typeof answer === "string" ? answer : JSON.stringify(answer));
}

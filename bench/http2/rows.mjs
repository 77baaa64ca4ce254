// What is asked of the servers over HTTP/2, and who they are.

/** What Chrome sends with a navigation, `:authority` and `:path` aside. */
const BROWSER_FIELDS = [
  "user-agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36",
  "accept: text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8",
  "accept-encoding: gzip, deflate, br, zstd",
  "accept-language: en-GB,en;q=0.9",
  "cache-control: max-age=0",
];

const KIB = 1024;

/** `clients` connections of `streams` requests at a time; `answer`, `send`: bytes of the bodies; `paths`: different targets. */
export const ROWS = {
  "small": { title: "Small GET, 16 × 32 streams", clients: 16, streams: 32 },
  "single": { title: "Small GET, 64 × 1 stream", clients: 64, streams: 1 },
  "paths": {
    title: "2,000 paths and a browser's head, 16 × 32",
    clients: 16,
    streams: 32,
    paths: 2_000,
    fields: BROWSER_FIELDS,
  },
  "post": { title: "POST 1 KiB, echoed, 16 × 32", clients: 16, streams: 32, send: KIB, path: "/echo" },
  "large": { title: "GET 64 KiB, 16 × 8", clients: 16, streams: 8, answer: 64 * KIB },
  "upload": { title: "Upload 1 MiB, 8 × 4", clients: 8, streams: 4, send: KIB * KIB },
  "tls-small": { title: "TLS, small GET, 16 × 32", clients: 16, streams: 32, tls: true },
  "tls-single": { title: "TLS, small GET, 64 × 1", clients: 64, streams: 1, tls: true },
};

/** How many requests Mooring is to answer with the CPU that the peer takes for one, with its best handler. */
export const GOALS = {
  "small": { node: 8, deno: 8, bun: 1.6 },
  "single": { node: 3, deno: 3, bun: 1 },
  "paths": { node: 8, deno: 7, bun: 1.8 },
  "post": { node: 8, deno: 10, bun: 3 },
  "large": { node: 1.4, deno: 1.5, bun: 0.95 },
  "upload": { node: 1.2, deno: 1.8, bun: 0.8 },
  "tls-small": { node: 8, deno: 8, bun: 1.6 },
  "tls-single": { node: 2.2, deno: 2.5, bun: 1 },
};

/** Mooring, with each form of handler. */
export const SERVERS = [
  { id: "exchange", name: "Mooring, exchange", file: "mooring_exchange.ts" },
  { id: "fetch", name: "Mooring, fetch", file: "mooring_fetch.ts" },
];

/** The runtime's own. */
export const PEERS = {
  node: { id: "own", name: "node:http2, core API", file: "node_http2.ts" },
  deno: { id: "own", name: "Deno.serve", file: "deno_serve.ts" },
  bun: { id: "own", name: "Bun.serve, http2", file: "bun_serve.ts" },
};

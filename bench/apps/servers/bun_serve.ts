// Bun.serve with a `fetch` handler.

import { type Fetch, hostname, loadApp, pem, port } from "../settings.ts";

declare const Bun: {
  serve(options: {
    port: number;
    hostname: string;
    tls?: { cert: string; key: string };
    fetch: Fetch;
  }): unknown;
};

Bun.serve({ port, hostname, ...pem ? { tls: pem } : {}, fetch: await loadApp() });
console.log("ready");

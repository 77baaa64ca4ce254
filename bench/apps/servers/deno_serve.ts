// Deno.serve.

import { type Fetch, hostname, loadApp, pem, port } from "../settings.ts";

type Options = { port: number; hostname: string; tcpBacklog: number; onListen(): void };

declare const Deno: { serve(options: Options, handler: Fetch): unknown };

const options = { port, hostname, tcpBacklog: 1024, onListen: () => console.log("ready") };
Deno.serve({ ...options, ...pem }, await loadApp());

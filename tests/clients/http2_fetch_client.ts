/**
 * A program: asks the server at the URL in its arguments by a `fetch` that speaks HTTP/2, and prints as JSON what it got:
 * that of Deno, or of undici with `allowH2` on Node; over TLS, or, where the URL is no secure one, with prior knowledge.
 */
import process from "node:process";

/** What the program prints. */
export interface FetchReport {
  /** The version of HTTP that the server has seen, of each request made together. */
  readonly versions: readonly string[];
  readonly echoed: boolean;
  /** Octets that came back of a body sent as a stream. */
  readonly streamed: number;
  readonly large: number;
  readonly head: readonly [status: number, length: number];
  readonly refused: number;
}

/** How many requests are made together, and octets of bodies. */
export const COUNTS = { together: 90, upload: 1_000_000, streamed: 200_000 } as const;

type Ask = (path: string, init?: RequestInit) => Promise<Response>;

async function denoFetch(base: string, authority: string): Promise<Ask> {
  const { createHttpClient } = (globalThis as unknown as {
    Deno: { createHttpClient(options: unknown): unknown };
  }).Deno;
  const client = createHttpClient({ caCerts: [authority], http1: false });
  return (path, init) => fetch(new URL(path, base), { ...init, client } as RequestInit);
}

async function undiciFetch(base: string, authority: string): Promise<Ask> {
  const undici = await import("undici/index.js");
  const isSecure = base.startsWith("https:");
  const dispatcher = isSecure
    ? new undici.Agent({ allowH2: true, connections: 1, connect: { ca: authority } })
    : new undici.H2CClient(new URL(base).origin);
  return (path, init) =>
    undici.fetch(new URL(path, base), { ...init, dispatcher } as never) as unknown as Promise<Response>;
}

const [, , kind, base, authority] = process.argv;
if (base !== undefined) {
  const ask = await (kind === "Deno" ? denoFetch : undiciFetch)(base, authority);
  console.log(JSON.stringify(await askEverything(ask)));
  process.exit();
}

async function askEverything(ask: Ask): Promise<FetchReport> {
  await (await ask("/version")).text();
  const versions = await Promise.all(
    Array.from({ length: COUNTS.together }, async () => await (await ask("/version")).text()),
  );
  const sent = new Uint8Array(COUNTS.upload).map((_, i) => i * 7);
  const back = new Uint8Array(await (await ask("/echo", { method: "POST", body: sent })).arrayBuffer());
  let left: number = COUNTS.streamed;
  const stream = new ReadableStream<Uint8Array>({
    pull(controller) {
      if (left === 0) return controller.close();
      controller.enqueue(new Uint8Array(1000));
      left -= 1000;
    },
  });
  const streaming = { method: "POST", body: stream, duplex: "half" } as RequestInit;
  const streamed = (await (await ask("/echo", streaming)).arrayBuffer()).byteLength;
  const head = await ask("/head", { method: "HEAD" });
  const refused = await ask("/refuse", { method: "POST", body: sent });
  await refused.text();
  return {
    versions,
    echoed: back.length === sent.length && back.every((byte, i) => byte === sent[i]),
    streamed,
    large: (await (await ask("/large")).arrayBuffer()).byteLength,
    head: [head.status, (await head.arrayBuffer()).byteLength],
    refused: refused.status,
  };
}

/**
 * A server process for tests that look at its memory: one port for a `fetch` handler and one for an `exchange`
 * handler. `POST /` reads the body, stops now and then until `/go` is asked for, and answers with the body's
 * hash; `GET /download?<bytes>` sends that many; `/state` tells how things are.
 */
import { createHash } from "node:crypto";
import process from "node:process";
import { type ExchangeHandler, type FetchHandler, serve } from "../../mod.ts";
import type { NetAddr } from "../../src/api/transport.ts";
import { PIECE, piece, STOP_EVERY } from "./gibibyte.ts";

/** What `/state` answers. */
export interface MemoryState {
  /** Bytes that the handler has read of the body under way, or the last. */
  readonly read: number;
  /** Bytes that the handler has made of the response under way, or the last. */
  readonly made: number;
  /** Whether the handler has stopped reading. */
  readonly stopped: boolean;
  /** Resident bytes at the most since `/baseline` was asked for last, and then. */
  readonly peak: number;
  readonly baseline: number;
}

/** Milliseconds between two looks at the memory. */
const LOOK = 5;

let read = 0;
let made = 0;
let goOn: (() => void) | null = null;
let baseline = 0;
let peak = 0;
const look = (): number => peak = Math.max(peak, process.memoryUsage().rss);
setInterval(look, LOOK);

async function hashSlowly(body: AsyncIterable<Uint8Array>): Promise<string> {
  const hash = createHash("sha256");
  read = 0;
  for await (const bytes of body) {
    hash.update(bytes);
    const before = read;
    read += bytes.length;
    if (Math.floor(before / STOP_EVERY) === Math.floor(read / STOP_EVERY)) continue;
    await new Promise<void>((resolve) => goOn = resolve);
    goOn = null;
  }
  return hash.digest("hex");
}

function state(): string {
  look();
  const told: MemoryState = { read, made, stopped: goOn !== null, peak, baseline };
  return JSON.stringify(told);
}

const download = (target: string): number => Number(target.slice(target.indexOf("?") + 1));

const exchange: ExchangeHandler = async (x) => {
  if (x.method === "POST") return x.respond(200, {}, await hashSlowly(x.chunks()));
  if (x.target === "/state") return x.respond(200, {}, state());
  if (x.target === "/go") {
    goOn?.();
    return x.respond(200);
  }
  if (x.target === "/baseline") {
    baseline = process.memoryUsage().rss;
    peak = 0;
    return x.respond(200, {}, state());
  }
  const length = download(x.target);
  x.start(200, { "content-length": length });
  for (made = 0; made < length; made += PIECE) {
    if (!x.write(piece(made / PIECE))) await x.ready();
  }
  x.end();
};

const fetch: FetchHandler = async (request) => {
  if (request.method === "POST") return new Response(await hashSlowly(request.body!));
  const length = download(request.url);
  made = 0;
  return new Response(
    new ReadableStream({
      pull(controller) {
        controller.enqueue(piece(made / PIECE));
        made += PIECE;
        if (made === length) controller.close();
      },
    }),
  );
};

const options = { port: 0, hostname: "127.0.0.1", maxBodyBytes: 0 };
const servers = await Promise.all([serve({ ...options, fetch }), serve({ ...options, exchange })]);
const [fetchPort, exchangePort] = servers.map(({ addr }) => (addr as NetAddr).port);
console.log(JSON.stringify({ fetch: fetchPort, exchange: exchangePort }));

/**
 * The same answers by both kinds of handlers, `exchange` and `fetch`: whole, in pieces, late, of what was uploaded,
 * without reading that, without an end, and as a protocol of its own.
 */
import { createHash } from "node:crypto";
import { setTimeout as delay } from "node:timers/promises";
import { FastResponse } from "../../mod.ts";
import type { Exchange } from "../../src/api/exchange.ts";
import type { FetchInfo } from "../../src/api/fetch.ts";
import { bodyOf, eventOf, specOf } from "./spec.ts";

/** Bytes of a piece of a streamed body. */
const PIECE = 10_000;
/** Between two events of a stream, in milliseconds. */
const EVENT_PAUSE = 20;

/** The body of a seed, piece by piece. */
function* piecesOf(seed: number, size: number): Generator<Uint8Array<ArrayBuffer>> {
  const body = bodyOf(seed, size);
  for (let at = 0; at < size; at += PIECE) yield body.subarray(at, Math.min(at + PIECE, size));
}

/** Resolves after `ms`, or earlier when one of `signals` aborts. */
async function pause(ms: number, ...signals: AbortSignal[]): Promise<void> {
  if (signals.some(({ aborted }) => aborted)) return;
  await new Promise<void>((resolve) => {
    const over = (): void => {
      clearTimeout(timer);
      for (const signal of signals) signal.removeEventListener("abort", over);
      resolve();
    };
    const timer = setTimeout(over, ms);
    for (const signal of signals) signal.addEventListener("abort", over);
  });
}

/** Longer than any client waits, in milliseconds. */
const FOR_EVER = 3_600_000;

/** Answers by the exchange. */
export function exchange(x: Exchange): void | Promise<void> {
  const { what, id, seed, size } = specOf(x.target);
  const fields = { "x-id": id };
  switch (what) {
    case "whole":
      return x.respond(200, fields, bodyOf(seed, size));
    case "unread":
      return x.respond(200, fields, "unread");
    case "upgrade": {
      const { readable, writable } = x.upgrade({ fields });
      return void readable.pipeTo(writable).catch(() => {});
    }
    default:
      return exchangeLater(x, what, fields);
  }
}

async function exchangeLater(x: Exchange, what: string, fields: Record<string, string>): Promise<void> {
  const { id, seed, size } = specOf(x.target);
  const { signal, draining } = x;
  switch (what) {
    case "late":
      await delay(seed % 50);
      return x.respond(200, fields, bodyOf(seed, size));
    case "pieces":
      x.start(200, fields);
      for (const piece of piecesOf(seed, size)) if (!x.write(piece)) await x.ready();
      return x.end();
    case "hash": {
      const hash = createHash("sha256");
      for await (const piece of x.chunks()) hash.update(piece);
      return x.respond(200, fields, hash.digest("hex"));
    }
    case "echo":
      x.start(200, fields);
      for await (const piece of x.chunks()) if (!x.write(piece)) await x.ready();
      return x.end();
    case "events":
      x.start(200, { ...fields, "content-type": "text/event-stream" });
      for (let count = 0; !signal.aborted && !draining.aborted; count++) {
        if (!x.write(eventOf(id, count))) await x.ready();
        await pause(EVENT_PAUSE, signal, draining);
      }
      return x.end();
    case "never":
      // Nobody waits for this answer.
      await pause(FOR_EVER, signal);
      return x.respond(200, fields, "never");
    default:
      return x.respond(404, fields, what);
  }
}

/** Answers by a `Response`. */
export async function fetch(request: Request, info: FetchInfo): Promise<Response> {
  const { what, id, seed, size } = specOf(new URL(request.url).pathname);
  const headers = { "x-id": id };
  switch (what) {
    case "whole":
      return seed % 2 === 0
        ? new Response(bodyOf(seed, size), { headers })
        : new FastResponse(bodyOf(seed, size), { headers });
    case "unread":
      return new Response("unread", { headers });
    case "upgrade": {
      const { readable, writable, response } = info.upgrade({ fields: headers });
      void readable.pipeTo(writable).catch(() => {});
      return response;
    }
    case "late":
      await delay(seed % 50);
      return new Response(bodyOf(seed, size), { headers });
    case "pieces":
      return new Response(streamOf(piecesOf(seed, size)), { headers });
    case "hash": {
      const hash = createHash("sha256").update(new Uint8Array(await request.arrayBuffer()));
      return new Response(hash.digest("hex"), { headers });
    }
    case "echo":
      return new Response(request.body, { headers });
    case "events": {
      const events = eventsOf(id, request.signal, info.draining);
      return new Response(streamOf(events), { headers: { ...headers, "content-type": "text/event-stream" } });
    }
    case "never":
      await pause(FOR_EVER, request.signal);
      return new Response("never", { headers });
    default:
      return new Response(what, { status: 404, headers });
  }
}

const encoder = new TextEncoder();

async function* eventsOf(id: string, ...until: AbortSignal[]): AsyncGenerator<Uint8Array<ArrayBuffer>> {
  for (let count = 0; !until.some(({ aborted }) => aborted); count++) {
    yield encoder.encode(eventOf(id, count));
    await pause(EVENT_PAUSE, ...until);
  }
}

type Source = Iterator<Uint8Array<ArrayBuffer>> | AsyncIterator<Uint8Array<ArrayBuffer>>;

/** What `source` yields, as it is asked for. */
function streamOf(source: Source): ReadableStream<Uint8Array<ArrayBuffer>> {
  return new ReadableStream({
    async pull(controller) {
      const { done, value } = await source.next();
      if (done) controller.close();
      else controller.enqueue(value);
    },
    cancel: () => void source.return?.(),
  });
}

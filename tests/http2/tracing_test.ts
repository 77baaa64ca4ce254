/** What is published of requests of HTTP/2: a start and an end of each, whatever becomes of its stream. */
import assert from "node:assert/strict";
import { channel } from "node:diagnostics_channel";
import { test } from "node:test";
import { type ConnectionOptions, createServer, type TracedRequest } from "../../mod.ts";
import { MemoryTransport } from "../../testing.ts";
import { FLAG, Http2Client, request } from "../support/http2_client.ts";
import { until } from "../support/until.ts";

const OPTIONS: ConnectionOptions = {
  http2: { maxConcurrentStreams: 2 },
  maxTargetBytes: 100,
  maxBodyBytes: 10,
  exchange(x) {
    if (x.target === "/fails") throw new Error("of the handler");
    if (x.target !== "/waits") x.respond(200, {}, x.target);
  },
};

/** The method, target, status and error of each request that `use` makes, as its end tells them. */
async function ends(use: (peer: Http2Client) => void, count: number): Promise<unknown[]> {
  const started = new Set<TracedRequest>();
  const ended: TracedRequest[] = [];
  const onStart = (message: unknown): void => void started.add(message as TracedRequest);
  const onEnd = (message: unknown): void => void ended.push(message as TracedRequest);
  channel("mooring.request.start").subscribe(onStart);
  channel("mooring.request.end").subscribe(onEnd);
  const server = createServer({ onError: () => {}, ...OPTIONS });
  try {
    const transport = new MemoryTransport();
    server.accept(transport);
    const peer = new Http2Client(transport);
    peer.open();
    await until(() => peer.read().length > 0, true, "HTTP/2 is loaded");
    use(peer);
    await until(() => ended.length, count, "the ends");
    assert.deepEqual(new Set(ended), started);
    return ended.map(({ method, target, status, error }) => [
      method,
      target,
      status,
      error === undefined ? undefined : (error as { code?: string }).code ?? (error as Error).message,
    ]);
  } finally {
    await server.close();
    channel("mooring.request.start").unsubscribe(onStart);
    channel("mooring.request.end").unsubscribe(onEnd);
  }
}

test("an answer, a failure, and a client's reset are told", async () => {
  const told = await ends((peer) => {
    peer.get(1, "/waits");
    peer.get(3, "/a");
    peer.get(5, "/fails");
    peer.cancel(1);
  }, 3);
  assert.deepEqual(told, [
    ["GET", "/a", 200, undefined],
    ["GET", "/fails", 500, "of the handler"],
    ["GET", "/waits", undefined, "peer_gone"],
  ]);
});

test("requests that are refused are told with the status that stands for why", async () => {
  const told = await ends((peer) => {
    peer.get(1, `/${"x".repeat(100)}`);
    peer.send(peer.headers(3, [[":path", "/"]]));
    peer.send(peer.headers(5, request({ method: "POST" }, ["content-length", "11"]), 0));
    peer.post(7, "/a");
    peer.data(7, "x".repeat(9), FLAG.end);
  }, 4);
  assert.deepEqual(told.map((end) => (end as unknown[]).slice(2)), [
    [414, "target_too_long"],
    [400, "bad_request_line"],
    [413, "body_too_large"],
    [200, undefined],
  ]);
  assert.deepEqual((told[2] as unknown[]).slice(0, 2), ["POST", "/"]);
});

/**
 * The tracing example: a span for each request, in the client's trace, with its outcome; the handler knows it.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { startExample } from "../support/example.ts";
import { until } from "../support/until.ts";

const TRACE = "0af7651916cd43dd8448eb211c80319c";
const PARENT = "b7ad6b7169203331";

test("examples/tracing prints a span for each request", async () => {
  await using example = await startExample("tracing");
  const headers = { traceparent: `00-${TRACE}-${PARENT}-01` };
  const traces: string[] = [];
  for (const path of ["/?a=1", "/slow"]) {
    traces.push((await (await fetch(example.url(path), { headers })).json()).trace);
  }
  traces.push((await (await fetch(example.url("/"))).json()).trace);
  const broken = await fetch(example.url("/broken"));
  assert.equal(broken.status, 500);
  await broken.text();
  const lines = (): string[] => example.log.split("\n").filter((line) => line.startsWith("{"));
  await until(() => lines().length, 4, "the spans");
  // deno-lint-ignore no-explicit-any
  const spans = lines().map((line) => JSON.parse(line)) as any[];
  assert.deepEqual(spans.map(({ traceId }) => traceId).slice(0, 3), traces);
  assert.deepEqual(spans.map(({ parentSpanId }) => parentSpanId), [PARENT, PARENT, undefined, undefined]);
  assert.equal(traces[0], TRACE);
  assert.notEqual(traces[2], TRACE);
  assert.equal(new Set(spans.map(({ spanId }) => spanId)).size, 4);
  const told = spans.map(({ attributes }) => [
    attributes["http.request.method"],
    attributes["url.path"],
    attributes["url.query"],
    attributes["http.response.status_code"],
    attributes["error.type"],
  ]);
  assert.deepEqual(told, [
    ["GET", "/", "a=1", 200, undefined],
    ["GET", "/slow", undefined, 200, undefined],
    ["GET", "/", undefined, 200, undefined],
    ["GET", "/broken", undefined, 500, "Error: broken"],
  ]);
  assert.ok(parseFloat(spans[1].duration) >= 45);
  await example.stop();
});

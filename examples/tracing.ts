// Spans as OpenTelemetry has them, of what Mooring publishes by `node:diagnostics_channel`: one for each request, which
// takes part in the client's trace (`traceparent`) and is there for what the handler does. They are printed, a line of
// JSON each; an exporter would send them.
// Run it with `npm start -- examples/tracing.ts`; PORT chooses the port.
import { AsyncLocalStorage } from "node:async_hooks";
import { randomBytes } from "node:crypto";
import { channel } from "node:diagnostics_channel";
import process from "node:process";
import { FastResponse, serve, type TracedRequest } from "../mod.ts";
import { announce, endOnSignals, route } from "./support.ts";

/** A span; the names of its attributes are those of OpenTelemetry's semantic conventions. */
interface Span {
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId: string | undefined;
}

const spans = new WeakMap<TracedRequest, Span>();
const current = new AsyncLocalStorage<Span>();

// The handler runs with the span of its request: whatever it calls finds it.
channel("mooring.request.start").bindStore(current, (message) => {
  const request = message as TracedRequest;
  // version, trace, parent, flags (W3C Trace Context)
  const parent = /^00-([0-9a-f]{32})-([0-9a-f]{16})-[0-9a-f]{2}$/.exec(request.header("traceparent") ?? "");
  const span: Span = {
    traceId: parent?.[1] ?? randomBytes(16).toString("hex"),
    spanId: randomBytes(8).toString("hex"),
    parentSpanId: parent?.[2],
  };
  spans.set(request, span);
  return span;
});

channel("mooring.request.end").subscribe((message) => {
  const request = message as TracedRequest;
  const { method, target = "", status, startTime, endTime, error, connection } = request;
  const start = performance.timeOrigin + startTime;
  const [path, query] = target.split("?", 2);
  console.log(JSON.stringify({
    ...spans.get(request),
    name: method ?? "HTTP",
    kind: "SERVER",
    startTime: new Date(start).toISOString(),
    duration: `${(endTime! - startTime).toFixed(3)} ms`,
    attributes: {
      "http.request.method": method,
      "url.path": path,
      "url.query": query,
      "http.response.status_code": status,
      "http.request.body.size": request.bytesReceived,
      "http.response.size": request.bytesSent,
      "error.type": error === undefined ? undefined : (error as { code?: string }).code ?? String(error),
      "connection.id": connection.id,
    },
  }));
});

const server = await serve({
  port: Number(process.env.PORT ?? 8000),
  onError: () => {}, // the span tells
  fetch: route({
    "/": { GET: () => FastResponse.json({ trace: current.getStore()?.traceId }) },
    "/slow": {
      GET: async () => {
        await new Promise((resolve) => setTimeout(resolve, 50));
        return FastResponse.json({ trace: current.getStore()?.traceId });
      },
    },
    "/broken": {
      GET: () => {
        throw new Error("broken");
      },
    },
  }),
});

endOnSignals(server);
announce(server, { Try: `curl ${new URL("/", server.url)} ${new URL("/slow", server.url)}` });

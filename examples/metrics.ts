// What a server counts, in Prometheus' format: the numbers of `server.stats()` are read when it is scraped, and a
// histogram tells how long requests took.
// Run it with `npm start -- examples/metrics.ts`; PORT chooses the port.
import process from "node:process";
import { Counter, Gauge, Histogram, Registry } from "prom-client";
import { CLOSE_REASONS, FastResponse, type FetchHandler, serve, type ServerStats } from "../mod.ts";
import { announce, endOnSignals, route, type Routes } from "./support.ts";

const METHODS = new Set(["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]);

const registry = new Registry();

const routes: Routes = {
  "/": { GET: () => new FastResponse("Hello! What comes of this is told on /metrics.\n") },
  "/metrics": { GET: metrics },
};

const durations = new Histogram({
  name: "mooring_request_duration_seconds",
  help: "From the call of the handler until the response was handed over, or its client was gone.",
  labelNames: ["method", "route", "status"],
  buckets: [0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10],
  registers: [registry],
});

const server = await serve({ port: Number(process.env.PORT ?? 8000), fetch: timed(route(routes)) });

/** The same handler, its requests timed. */
function timed(handler: FetchHandler): FetchHandler {
  return async (request, info) => {
    const start = performance.now();
    let status = 500; // of a handler that fails
    const observe = (): void => {
      // What clients may choose freely makes no series of its own: there would be no end of them.
      const { pathname } = new URL(request.url);
      const method = METHODS.has(request.method) ? request.method : "other";
      const route = Object.hasOwn(routes, pathname) ? pathname : "other";
      durations.observe({ method, route, status }, (performance.now() - start) / 1000);
    };
    info.completed.then(observe, observe);
    const response = await handler(request, info);
    ({ status } = response);
    return response;
  };
}

async function metrics(): Promise<Response> {
  const headers = { "content-type": registry.contentType, "cache-control": "no-store" };
  return new FastResponse(await registry.metrics(), { headers });
}

/** A number that goes up and down. */
function gauge(name: string, help: string, read: (stats: ServerStats) => number): void {
  new Gauge({
    name,
    help,
    registers: [registry],
    collect() {
      this.set(read(server.stats()));
    },
  });
}

/**
 * A number that only grows. Mooring keeps the total, and a Counter can only be added to: so at each scrape it
 * starts at 0 and the total is added, once. Prometheus sees a counter that never goes back.
 */
function counter(name: string, help: string, read: (stats: ServerStats) => number): void {
  new Counter({
    name,
    help,
    registers: [registry],
    collect() {
      this.reset();
      this.inc(read(server.stats()));
    },
  });
}

// The registry collects all of them before it waits for anything, so one scrape tells of one moment.
counter("mooring_connections_accepted_total", "Connections accepted.", (stats) => stats.accepted);
counter("mooring_connections_rejected_total", "Connections turned away.", (stats) => stats.rejected);
counter("mooring_connections_evicted_total", "Idle ones closed for a newcomer.", (stats) => stats.evicted);
gauge("mooring_connections_active", "Connections with a request under way.", (stats) => stats.active);
gauge("mooring_connections_idle", "Connections between two requests.", (stats) => stats.idle);
counter("mooring_requests_total", "Requests begun, this scrape included.", (stats) => stats.requests);
counter("mooring_requests_reused_total", "Requests on a reused connection.", (stats) => stats.reused);
counter("mooring_read_bytes_total", "Bytes received.", (stats) => stats.bytesRead);
counter("mooring_written_bytes_total", "Bytes sent.", (stats) => stats.bytesWritten);

new Counter({
  name: "mooring_connections_closed_total",
  help: "Connections that ended, by reason.",
  labelNames: ["reason"],
  registers: [registry],
  collect() {
    this.reset();
    const { closed } = server.stats();
    for (const reason of CLOSE_REASONS) this.inc({ reason }, closed[reason] ?? 0);
  },
});

endOnSignals(server);
announce(server, { Try: `curl ${new URL("/", server.url)} ${new URL("/metrics", server.url)}` });

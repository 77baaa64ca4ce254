// What a server counts, in Prometheus' format: every number is read from `server.stats()` when it is scraped.
// Run it with `node scripts/run.mjs examples/metrics.ts`; PORT chooses the port.
import process from "node:process";
import { Counter, Gauge, Registry } from "prom-client";
import { CLOSE_REASONS, FastResponse, serve, type ServerStats } from "../mod.ts";
import { announce, endOnSignals, route } from "./support.ts";

const registry = new Registry();

const server = await serve({
  port: Number(process.env.PORT ?? 8000),
  fetch: route({
    "/": { GET: () => new FastResponse("Hello! What comes of this is told on /metrics.\n") },
    "/metrics": { GET: metrics },
  }),
});

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
announce(server);
console.log(`Try: curl ${new URL("/", server.url)} ${new URL("/metrics", server.url)}`);

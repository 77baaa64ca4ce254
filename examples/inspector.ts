// A server that shows its own connections: a page with a row for each, kept up to date by server-sent events.
// Run it with `npm start -- examples/inspector.ts` and open http://localhost:8000/; PORT chooses the port.
import process from "node:process";
import { serve } from "../mod.ts";
import { inspectorOf } from "./inspector/routes.ts";
import { announce, endOnSignals, route } from "./support.ts";

const inspector = await inspectorOf(() => server);

const server = await serve({
  port: Number(process.env.PORT ?? 8000),
  // Short times and few connections, so that there is something to see.
  idleTimeout: 15_000,
  idleTimeoutBuffer: 5_000,
  maxConnections: 60,
  fetch: route({ ...inspector.routes, "/favicon.ico": inspector.routes["/icon.svg"] ?? {} }),
});

// A stream of events never ends by itself: without this, the shutdown would wait for its deadline.
endOnSignals(server, () => inspector.close());
announce(server, { Try: `open ${server.url} in a browser` });

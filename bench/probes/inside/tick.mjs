// Inside of a runtime: idle connections on a clock that stands still and whose timer is called by hand, again and again.

import process from "node:process";
import { MemoryTransport } from "../../../src/adapters/memory.ts";
import { HttpServer } from "../../../src/server/http_server.ts";
import { serveSettings } from "../../../src/options/settings.ts";
import { medianTime } from "../../lib/median_time.mjs";

const SIZES = [10, 100, 1_000, 10_000, 100_000];
/** Rounds of samples for the compilers. */
const WARM_UP = 10;
const SAMPLES = { samples: 200, times: 500 };

// All are there before the first is measured, so that none is measured while the garbage of another is collected.
const looks = SIZES.map(lookWith);
for (let round = 0; round < WARM_UP; round++) for (const look of looks) medianTime(look, SAMPLES);
const points = looks.map((look, i) => ({ connections: SIZES[i], nanoseconds: medianTime(look, SAMPLES) }));
console.log(JSON.stringify(points));
process.exit(0);

/** The look at so many idle connections. */
function lookWith(connections) {
  let timer = null;
  const clock = {
    now: () => 1000,
    calendar: () => 0,
    schedule: (callback) => timer = callback,
    cancel: () => timer = null,
  };
  const options = { exchange: (x) => x.respond(200) };
  const server = new HttpServer(options, serveSettings(options), clock);
  for (let i = 0; i < connections; i++) {
    const client = new MemoryTransport();
    server.accept(client);
    client.send("GET / HTTP/1.1\r\nHost: bench\r\n\r\n");
  }
  if (server.stats().idle !== connections) throw new Error("not all connections are idle");
  return () => timer();
}

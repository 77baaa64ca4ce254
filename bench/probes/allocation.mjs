// What a request on a reused connection allocates on the garbage-collected heap. In memory it is the engine's own, and
// exact: tests/core/allocation_test.ts holds the line. On a socket it is what the runtime's sockets add.

import { once } from "node:events";
import { connect } from "node:net";
import { BUN_ENV, V8_FLAGS } from "../../tests/support/without_collection.ts";
import { runInside } from "../lib/inside.mjs";
import { startInspected } from "../lib/inspected_server.mjs";
import { REQUEST } from "../lib/kept_clients.mjs";
import { MOORING, raw } from "../lib/roster.mjs";
import { median } from "../lib/stats.mjs";
import { WORKLOADS } from "../lib/workloads.mjs";
import { withV8Flags } from "../lib/v8_flags.mjs";

const HANDLERS = [
  { name: "exchange", title: "exchange", goal: "≤ 1" },
  { name: "fetch", title: "fetch, FastResponse", goal: "≤ 512" },
  { name: "native", title: "fetch, Response", goal: "" },
];

/** Requests on the socket until everything is compiled. */
const WARM_UP = 30_000;
/** Requests of a round, and rounds: few rounds have a collection in them, so that the median has none. */
const REQUESTS = 1_000;
const ROUNDS = 9;

export async function measure(context) {
  return [await inMemory(context), await onSockets(context)];
}

async function inMemory({ runtimes, pins }) {
  const rows = [];
  for (const { name, title, goal } of HANDLERS) {
    const row = [title];
    for (const runtime of runtimes) {
      const { heap, external } = await runInside(
        withV8Flags(runtime, V8_FLAGS),
        "tests/support/allocation.ts",
        { pin: pins.server, args: [name, "system"], env: BUN_ENV },
      );
      row.push(bytes(heap + external));
    }
    rows.push([...row, goal]);
  }
  return {
    title: "Bytes allocated by a request on a reused connection, in memory",
    note: "Heap and typed arrays, while no garbage is collected; on Bun the heap alone. Held by a test.",
    columns: ["handler", ...runtimes.map(({ title }) => title), "goal"],
    rows,
  };
}

async function onSockets({ runtimes, pins }) {
  const servers = (runtime) => [raw, ...MOORING.slice(0, HANDLERS.length), runtime.peer];
  const columns = ["server", ...runtimes.map(({ title }) => title)];
  const names = [];
  const cells = [];
  for (const runtime of runtimes) {
    for (const [index, spec] of servers(runtime).entries()) {
      names[index] = spec === runtime.peer ? "the runtime's own" : spec.name;
      cells[index] ??= [];
      cells[index].push(bytes(await onSocket(runtime, spec, pins)));
    }
  }
  return {
    title: "Bytes on the heap allocated by a request on a socket",
    note:
      "With what the runtime's sockets allocate for each read and write. What it allocates outside of the heap is " +
      "not in it, which is most of Bun.serve and of Deno.serve.",
    columns,
    rows: names.map((name, index) => [name, ...cells[index]]),
  };
}

/** Median over the rounds. */
async function onSocket(runtime, spec, pins) {
  const pin = [...pins.server, "env", ...Object.entries(BUN_ENV).map(([name, value]) => `${name}=${value}`)];
  const extra = spec === raw ? [WORKLOADS.get.sampleAnswer.toString("base64")] : [];
  const server = await startInspected(runtime, spec, pin, extra, V8_FLAGS);
  const client = connect(server.port, "127.0.0.1").setNoDelay(true);
  await once(client, "connect");
  const results = [];
  await ask(client, WARM_UP);
  for (let round = 0; round < ROUNDS; round++) {
    const before = await server.memory("look");
    await ask(client, REQUESTS);
    const after = await server.memory("look");
    const heap = runtime.id === "bun" ? "capacity" : "used";
    results.push((after[heap] - before[heap]) / REQUESTS);
  }
  client.destroy();
  server.stop();
  return median(results);
}

/** Sends so many requests, each when the one before is answered. Answers are small, and come in one piece. */
function ask(client, requests) {
  return new Promise((resolve) => {
    let left = requests;
    const answered = () => {
      if (--left > 0) return client.write(REQUEST);
      client.off("data", answered);
      resolve();
    };
    client.on("data", answered);
    client.write(REQUEST);
  });
}

function bytes(value) {
  return Math.abs(value) < 10 ? value.toFixed(2) : Math.round(value).toLocaleString("en-US");
}

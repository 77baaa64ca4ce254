/**
 * The cluster examples, each on its own runtime: all workers answer, and a SIGTERM under load loses no request.
 */
import assert from "node:assert/strict";
import process from "node:process";
import test from "node:test";
import { connectTcp } from "../support/byte_streams.ts";
import { Child, command } from "../support/child.ts";
import { inTime } from "../support/deadline.ts";
import { get } from "../support/memory.ts";
import { WireClient } from "../support/wire_client.ts";

const runtime = "Deno" in globalThis ? "deno" : "Bun" in globalThis ? "bun" : "node";
const NAMES = { deno: "Deno", bun: "Bun", node: "Node" } as const;
const WORKERS = 3;
/** So many that no worker is without one, however the system spreads them. */
const CONNECTIONS = 48;
/** Requests on each connection before the signal. */
const BEFORE = 3;

function start(): Promise<Child> {
  return Child.start(command(`examples/cluster_${runtime}`), { PORT: "0", WORKERS: String(WORKERS) });
}

async function assertEndsWell(cluster: Child): Promise<void> {
  const code = await inTime(cluster.ended, "the end of the cluster");
  // Deno names the signal that was sent even where the process ended by itself.
  assert.ok(
    code === 0 || (runtime === "deno" && code === "SIGTERM"),
    `${code}: ${cluster.log}${cluster.errors}`,
  );
}

/** Asks, and answers with the worker and whether the connection goes on. */
async function ask(client: WireClient, target: string): Promise<{ worker: number; goesOn: boolean }> {
  await client.send(get(target));
  const { status, headers, text } = await client.response();
  assert.equal(status, 200);
  return { worker: JSON.parse(text).worker, goesOn: headers.get("connection") !== "close" };
}

test(`examples/cluster_${runtime} answers by all workers, and loses no request on SIGTERM`, async () => {
  await using cluster = await start();
  const [, port] = await cluster.prints(/Try: .*localhost:(\d+)\/work\n/);
  const clients: WireClient[] = [];
  const workers = new Set<number>();
  let told = false;
  let ready = 0;

  /** Asks again and again, until it is told that it was the last time. */
  async function useConnection(index: number): Promise<void> {
    const client = clients[index];
    for (let nth = 1;; nth++) {
      const { worker, goesOn } = await ask(client, (index + nth) % 2 === 0 ? "/" : "/work");
      workers.add(worker);
      if (!goesOn) break;
      if (nth === BEFORE && ++ready === CONNECTIONS) {
        cluster.kill("SIGTERM");
        told = true;
      }
    }
    assert.ok(told, "nobody is sent away before the signal");
    await client.assertEnd();
  }

  try {
    for (let i = 0; i < CONNECTIONS; i++) clients.push(new WireClient(await connectTcp(Number(port))));
    await inTime(Promise.all(clients.map((_, index) => useConnection(index))), "the last answers");
    assert.equal(workers.size, WORKERS);
    for (const client of clients) client.end();
    await assertEndsWell(cluster);
    const ends = [
      ...cluster.log.matchAll(/worker \d+ ends: (\d+) connections finished, 0 were idle, 0 cut off\n/g),
    ];
    assert.equal(ends.length, WORKERS, cluster.log);
    assert.equal(ends.reduce((sum, [, finished]) => sum + Number(finished), 0), CONNECTIONS);
    assert.equal(cluster.errors, "");
  } finally {
    for (const client of clients) client.reset();
  }
});

test(`examples/cluster_${runtime} replaces a worker that breaks`, async () => {
  await using cluster = await start();
  const [, port] = await cluster.prints(/Try: .*localhost:(\d+)\/work\n/);
  const first = Number(/worker (\d+) listens/.exec(cluster.log)![1]);
  process.kill(first, "SIGKILL");
  await cluster.prints(new RegExp(`(worker \\d+ listens(.|\\n)*){${WORKERS + 1}}`));
  using client = new WireClient(await connectTcp(Number(port)));
  assert.notEqual((await ask(client, "/")).worker, first);
  client.end();
  cluster.kill();
  await assertEndsWell(cluster);
});

for (const other of ["deno", "bun", "node"] as const) {
  if (other === runtime) continue;
  test(`examples/cluster_${other} says that it is for ${NAMES[other]}`, async () => {
    const starting = Child.start(command(`examples/cluster_${other}`), { PORT: "0" });
    await assert.rejects(starting, new RegExp(`This example is for ${NAMES[other]}; there are `));
  });
}

/**
 * Makes the plan of a run from its seed: each part is drawn so that most of what happens is right, and everything
 * that can go wrong does so now and then.
 */
import { clientPlan, hogPlan } from "./generate_client.ts";
import { http2ClientPlan, http2Options } from "./generate_http2.ts";
import type { CallbackPlan, OperatorAct, Plan } from "./plan.ts";
import { Prng } from "./prng.ts";

/** The plan of `seed`. */
export function generate(seed: number): Plan {
  const prng = new Prng(seed);
  const kind = prng.pick(["exchange", "fetch"] as const);
  const options = optionsOf(prng);
  const count = prng.between(1, 5);
  const most = prng.pick([2, 5, 5, 20]); // requests of a client
  // The share of clients that speak HTTP/2.
  const share = prng.pick([0, 0.5, 1, 1]);
  const http2 = share > 0 || prng.chance(0.2) ? http2Options(prng) : null;
  const clients = Array.from(
    { length: count },
    (_, id) => (prng.chance(share) ? http2ClientPlan : clientPlan)(prng, id + 1, kind, most),
  );
  if (prng.chance(0.06)) clients.push(hogPlan(prng, count + 1, kind));
  const callbacks = prng.chance(0.25) ? listOf(prng, 2, () => callbackPlan(prng)) : [];
  const operator = prng.chance(0.4) ? listOf(prng, 3, () => operatorAct(prng, count)) : [];
  return { seed, kind, options, http2, callbacks, clients, operator };
}

function listOf<T>(prng: Prng, most: number, make: () => T): T[] {
  return Array.from({ length: prng.between(1, most) }, make);
}

type OptionMaker = readonly [name: string, value: (prng: Prng) => number | boolean];

/** Options that differ from the simulation's defaults in some runs. */
const OPTIONS: readonly OptionMaker[] = [
  ["keepAlive", () => false],
  ["keepAliveHint", () => false],
  ["idleTimeout", (prng) => prng.pick([0, 1, 100, 1_000, 10_000])],
  ["idleTimeoutBuffer", (prng) => prng.pick([0, 1, 100])],
  ["headerTimeout", (prng) => prng.pick([0, 10, 100, 5_000])],
  ["requestTimeout", (prng) => prng.pick([0, 20, 200, 5_000])],
  ["minBodyRate", (prng) => prng.pick([0, 1, 1_000])],
  ["writeTimeout", (prng) => prng.pick([0, 10, 100, 5_000])],
  ["maxRequests", (prng) => prng.between(1, 5)],
  ["maxAge", (prng) => prng.pick([1, 50, 500])],
  ["maxBodyBytes", (prng) => prng.size(20_000)],
  ["drainBytes", (prng) => prng.size(20_000)],
  ["lingerTimeout", (prng) => prng.pick([0, 1, 100, 3_000])],
  ["highWaterMark", (prng) => Math.max(1, prng.size(65_536))],
  ["maxConnections", (prng) => prng.between(1, 4)],
  ["maxConnectionsPerIp", (prng) => prng.between(1, 2)],
];

function optionsOf(prng: Prng): Plan["options"] {
  const most = prng.pick([0, 1, 3, 8]);
  const options = new Map<string, number | boolean>();
  for (let i = 0; i < most; i++) {
    const [name, value] = prng.pick(OPTIONS);
    options.set(name, value(prng));
  }
  return [...options];
}

function callbackPlan(prng: Prng): CallbackPlan {
  return {
    name: prng.pick(["onStateChange", "onStateChange", "onError", "onRefused"] as const),
    from: prng.between(1, 6),
    does: prng.pick(
      ["throws", "rejects", "never settles", "closes", "shuts down", "closes all", "answers"] as const,
    ),
  };
}

function operatorAct(prng: Prng, clients: number): OperatorAct {
  return {
    at: prng.size(4_000),
    does: prng.weighted([
      [3, "shutdown"],
      [1, "close"],
      [2, "keepAlive off"],
      [1, "keepAlive on"],
      [3, "close one"],
      [3, "shutdown one"],
    ]),
    timeout: prng.pick([0, 1, 100, 2_000]),
    idleGrace: prng.pick([0, 1, 100, 500]),
    client: prng.between(1, clients),
  };
}

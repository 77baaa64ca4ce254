// One attack on the two servers of a runtime, in turn, round after round: what the good clients got meanwhile, and what
// the servers held. A server that has ended, or does not come to rest after an attack, is started again.

import { startServer } from "../lib/server_process.mjs";
import { median } from "../lib/stats.mjs";
import { startHelper } from "./helper.mjs";
import { attackedServers } from "./roster.mjs";
import { KEPT } from "./schedule.mjs";
import {
  comesToRest,
  forgetPeak,
  isUp,
  peakBytes,
  residentBytes,
  sockets,
  socketsAbove,
  watchSockets,
} from "./watch.mjs";

/** Milliseconds after an attack that a server has to come to rest; one that has not is ended. */
const SETTLE = 1_000;

/** @returns the figures of each server, as `summarize` gives them */
export async function measureAttack(runtime, name, attack, { rounds, seconds, pins }) {
  const servers = attackedServers(runtime);
  for (const server of servers) server.rounds = [];
  for (let round = 0; round < rounds; round++) {
    for (const server of servers) {
      server.process ??= await startServer(runtime, server, pins.server, argumentsOf(attack));
      server.rounds.push(await measureRound(server.process, name, attack, seconds));
      if (!await comesToRest(server.process.pid, SETTLE)) {
        server.process.stop();
        server.process = undefined;
      }
    }
  }
  for (const server of servers) server.process?.stop();
  return servers.map(summarize);
}

const argumentsOf = (attack) => [protocolOf(attack), String(attack.cap ?? 0)];
const protocolOf = ({ tls }) => tls ? "tls" : "plain";

async function measureRound(server, name, attack, seconds) {
  const { pid, port } = server;
  const good = await startHelper("good_clients.mjs", port, seconds, protocolOf(attack));
  if (!server.unattacked) {
    server.unattacked = { memory: residentBytes(pid), sockets: sockets(pid) - KEPT };
    forgetPeak(pid);
  }
  const before = server.unattacked;
  const most = watchSockets(pid);
  const attacker = await startHelper("attacker.mjs", name, port);
  const start = performance.now();
  const clients = await good.run();
  const { connections } = await attacker.stop();
  const attacks = connections * 1000 / (performance.now() - start);
  const round = { ...clients, attacks, before: before.memory, sockets: most() };
  if (!isUp(pid)) return { ...round, died: true };
  return { ...round, left: await socketsAbove(pid, before.sockets, SETTLE), peak: peakBytes(pid) };
}

/** The median of the rounds; of failures, and of what a server holds, all of it. */
function summarize({ name, role, rounds }) {
  const middle = (figure) => median(rounds.map((round) => figure(round) ?? Infinity));
  const group = (of) => ({
    p50: middle((round) => of(round).p50),
    p99: middle((round) => of(round).p99),
    max: middle((round) => of(round).max),
  });
  const most = (figure) => Math.max(...rounds.map((round) => figure(round) ?? 0));
  return {
    name,
    role,
    kept: group(({ kept }) => kept),
    fresh: group(({ fresh }) => fresh),
    requests: rounds.reduce((sum, { kept, fresh }) => sum + kept.requests + fresh.requests, 0),
    failures: addUp(rounds.flatMap(({ kept, fresh }) => [kept.failures, fresh.failures])),
    retried: rounds.reduce((sum, { kept, fresh }) => sum + kept.retried + fresh.retried, 0),
    attacks: middle(({ attacks }) => attacks),
    died: rounds.some(({ died }) => died),
    sockets: most(({ sockets }) => sockets),
    left: most(({ left }) => left),
    before: middle(({ before }) => before),
    peak: most(({ peak }) => peak),
  };
}

function addUp(counts) {
  const sum = {};
  for (const count of counts) {
    for (const [key, value] of Object.entries(count)) sum[key] = (sum[key] ?? 0) + value;
  }
  return sum;
}

// 10 000 connections that all ask, round after round: is every request answered, and does the server's memory stay flat?

import { checkOpenFiles, openAll, REQUEST } from "../lib/kept_clients.mjs";
import { residentBytes } from "../lib/inspected_server.mjs";
import { MOORING } from "../lib/roster.mjs";
import { startServer } from "../lib/server_process.mjs";
import { thousands } from "../lib/table.mjs";

const CONNECTIONS = 10_000;
/** Requests on each connection, all connections at once each time: enough for the runtimes' heaps to find their size. */
const ROUNDS = 50;
/** Milliseconds that a round may take: who has not answered by then does not. */
const PATIENCE = 30_000;

const SERVER = MOORING.find(({ id }) => id === "fetch");

const ANSWER = /^HTTP\/1\.1 200 OK\r\n(?:[^\r]+\r\n)+\r\nhello$/;

export async function measure({ runtimes, pins }) {
  checkOpenFiles(CONNECTIONS);
  const results = [];
  for (const runtime of runtimes) results.push({ runtime, ...await ask(runtime, pins) });
  return [{
    title: `${thousands(CONNECTIONS)} connections, ${ROUNDS} requests on each`,
    note:
      "Resident MB of a server that answers with FastResponse: without connections, when all are open, and after " +
      "each fifth of the requests.",
    columns: ["runtime", "requests", "answered", "MB before", "open", "then"],
    rows: results.map(({ runtime, sent, answered, before, memory: [open, ...rounds] }) => [
      runtime.title,
      thousands(sent),
      `${(100 * answered / sent).toFixed(answered === sent ? 0 : 3)}%`,
      megabytes(before),
      megabytes(open),
      rounds.filter((_, i) => (i + 2) % (ROUNDS / 5) === 0).map(megabytes).join(", "),
    ]),
    chart: {
      kind: "line",
      file: "probe-many-requests",
      title: `Memory of the server with ${thousands(CONNECTIONS)} connections`,
      xLabel: "requests on each connection",
      yLabel: "resident MB",
      categories: null,
      series: results.map(({ runtime, memory }) => ({
        name: runtime.title,
        data: memory.map((bytes, round) => [round + 1, bytes / 1e6]),
      })),
    },
  }];
}

async function ask(runtime, pins) {
  const server = await startServer(runtime, SERVER, pins.server);
  const before = residentBytes(server.pid);
  const clients = await openAll(server.port, CONNECTIONS); // with the first request on each
  const result = { sent: CONNECTIONS, answered: CONNECTIONS, before, memory: [residentBytes(server.pid)] };
  for (let round = 1; round < ROUNDS; round++) {
    result.sent += CONNECTIONS;
    result.answered += await askEach(clients);
    result.memory.push(residentBytes(server.pid));
  }
  server.stop();
  for (const client of clients) client.destroy();
  return result;
}

/** Sends a request on every connection at once; resolves to how many were answered well. */
function askEach(clients) {
  return new Promise((resolve) => {
    let ended = 0;
    let answered = 0;
    const listeners = clients.map((client) => {
      const end = () => {
        client.off("data", onData).off("close", end);
        if (++ended === clients.length) finish();
      };
      const onData = (bytes) => {
        if (ANSWER.test(bytes.latin1Slice())) answered++;
        end();
      };
      client.on("data", onData).once("close", end);
      client.write(REQUEST);
      return () => client.off("data", onData).off("close", end);
    });
    const finish = () => {
      clearTimeout(timer);
      for (const stop of listeners) stop();
      resolve(answered);
    };
    const timer = setTimeout(finish, PATIENCE);
  });
}

function megabytes(bytes) {
  return (bytes / 1e6).toFixed(0);
}

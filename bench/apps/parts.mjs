// The parts of the application bench: all rows at one number of connections, some at others, and latency.

import { CAPACITY_SECONDS, LATENCY_ROWS, measureLatency } from "./latency.mjs";
import { measureRow, WARM_UP_SECONDS } from "./measure.mjs";
import { ROWS } from "./rows.mjs";
import { latencySection, rowSection } from "./sections.mjs";

/** The rows that are measured at other numbers of connections, and those. */
const CONNECTION_ROWS = ["text", "html"];
const CONNECTIONS = [1, 1_000, 10_000];

/** What starting and checking a server takes, and opening a connection each time, for the estimate. */
const START_SECONDS = 0.5;
const OPEN_SECONDS = 0.0002;

/**
 * Of each: the rows among those that were asked for, how one is measured and shown, and the seconds that a server takes
 * in it. The rows have many servers; the others have fewer, and twice the time for each, since not all of it is load.
 */
export const PARTS = {
  rows: {
    rowsOf: (names) => names.map((name) => ROWS[name]),
    optionsOf: (options) => options,
    measure: measureRow,
    section: rowSection,
    seconds: secondsOfRow,
  },
  connections: {
    rowsOf: (names) =>
      among(CONNECTION_ROWS, names).flatMap((row) =>
        CONNECTIONS.map((connections) => ({ ...row, connections }))
      ),
    optionsOf: smaller,
    measure: measureRow,
    section: rowSection,
    seconds: secondsOfRow,
  },
  latency: {
    rowsOf: (names) => among(LATENCY_ROWS, names),
    optionsOf: smaller,
    measure: measureLatency,
    section: latencySection,
    seconds: (_, { rounds, seconds }) =>
      START_SECONDS + 2 * CAPACITY_SECONDS + rounds * (START_SECONDS + seconds),
  },
};

function smaller(options) {
  return { ...options, server: options.small, seconds: 2 * options.seconds };
}

function among(some, names) {
  return some.filter((name) => names.includes(name)).map((name) => ROWS[name]);
}

function secondsOfRow({ connections = 0 }, { rounds, seconds }) {
  const open = connections && START_SECONDS + connections * OPEN_SECONDS;
  return START_SECONDS + open + Math.min(WARM_UP_SECONDS, seconds) + rounds * (open + seconds);
}

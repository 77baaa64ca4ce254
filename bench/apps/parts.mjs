// The parts of the application bench: all rows at one number of connections, some at others, latency, and
// the start of a program.

import { COLD_START, coldStartSeconds, measureColdStart } from "./cold_start.mjs";
import { CAPACITY_SECONDS, LATENCY_ROWS, latencySeconds, measureLatency } from "./latency.mjs";
import { measureRow, secondsOf } from "./measure.mjs";
import { ROWS } from "./rows.mjs";
import { coldStartSection, latencySection, rowSection } from "./sections.mjs";

/** The rows that are measured at other numbers of connections, and those. */
const CONNECTION_ROWS = ["text", "html"];
const CONNECTIONS = [1, 1_000, 10_000];

/** What starting a server or a client takes, and opening a connection, for the estimate. */
const START_SECONDS = 0.5;
const OPEN_SECONDS = 0.0002;

/**
 * Of each: the rows among those that were asked for, how one is measured and shown, and the seconds that a server takes
 * in it. The rows have many servers, the others have fewer.
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
    seconds: secondsOfLatency,
  },
  "cold-start": {
    rowsOf: () => [COLD_START],
    optionsOf: (options) => ({ ...options, server: ["mooring"] }),
    measure: measureColdStart,
    section: coldStartSection,
    seconds: coldStartSeconds,
  },
};

function smaller(options) {
  return { ...options, server: options.small };
}

function among(some, names) {
  return some.filter((name) => names.includes(name)).map((name) => ROWS[name]);
}

function secondsOfRow(row, options) {
  const seconds = secondsOf(row, options);
  const opening = row.connections ? START_SECONDS + row.connections * OPEN_SECONDS : 0;
  const warmUp = opening + options.warmUp;
  return START_SECONDS + warmUp + options.rounds * (opening + seconds);
}

function secondsOfLatency(_, options) {
  const capacity = CAPACITY_SECONDS + options.warmUp;
  return START_SECONDS + capacity + options.rounds * (START_SECONDS + latencySeconds(options));
}

// What was measured over HTTP/2, as a section of the report for each runtime.

import { PEERS, ROWS } from "./rows.mjs";

const micros = (value) => value >= 100 ? String(Math.round(value)) : value.toFixed(2);

export function http2Section(runtime, results) {
  const peer = PEERS[runtime.id].name;
  return {
    title: `HTTP/2 on ${runtime.title} ${runtime.version}`,
    note:
      "µs: server CPU for a request, the median of the rounds. ×: how many requests Mooring answers with the CPU that " +
      `${peer} takes for one, round by round, as the median (min..max); the goal is for the better of the two handlers.`,
    columns: ["", "exchange µs", "fetch µs", `${peer} µs`, "exchange ×", "fetch ×", "goal"],
    rows: results.map(({ row, goal, servers }) => {
      const of = (id) => servers.find((server) => server.id === id);
      const cpu = ({ error, cpuMicros }) => error ? "INVALID" : micros(cpuMicros.median);
      const times = ({ error, timesOwn }) =>
        error || !timesOwn
          ? "-"
          : `${timesOwn.median.toFixed(2)} (${timesOwn.min.toFixed(2)}..${timesOwn.max.toFixed(2)})`;
      const [exchange, fetch, own] = [of("exchange"), of("fetch"), of("own")];
      return [
        ROWS[row].title,
        cpu(exchange),
        cpu(fetch),
        cpu(own),
        times(exchange),
        times(fetch),
        `≥ ${goal}`,
      ];
    }),
  };
}

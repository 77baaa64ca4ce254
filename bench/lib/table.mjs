// One comparison as an aligned table. Invalid rows stay in it, so that nobody reads past them.

/** Renders what `compare()` measured for one runtime and one workload. */
export function renderResult(result) {
  const handlers = result.servers.filter((server) => server.handler && !server.error).map((server) =>
    server.handler
  );
  const rows = [
    [
      "server",
      "CPU µs/request",
      "min..max",
      "requests/s",
      "min..max",
      "busy",
      ...handlers.map((name) => `÷ ${name}`),
    ],
    ...result.servers.map((server) => server.error ? [server.name, "INVALID"] : figures(server, handlers)),
  ];
  const rounds = Math.max(0, ...result.servers.map((server) => server.rounds?.length ?? 0));
  const lines = [
    "",
    `${result.runtime} ${result.version} · ${result.title} · ${result.connections} connections · ` +
    `${rounds} × ${result.seconds} s`,
    ...align(rows),
    ...result.servers.filter((server) => server.error).map((server) =>
      `!! INVALID ${server.name}: ${server.error}`
    ),
  ];
  if (handlers.length > 0) {
    lines.push("÷: CPU per request divided by Mooring's with that handler; above 1 Mooring is cheaper");
  }
  return lines.join("\n");
}

function figures(server, handlers) {
  const { cpuMicros: cpu, requestsPerSecond: rate } = server;
  return [
    server.note ? `${server.name} (${server.note})` : server.name,
    micros(cpu.median),
    `${micros(cpu.min)}..${micros(cpu.max)}`,
    thousands(rate.median),
    `${thousands(rate.min)}..${thousands(rate.max)}`,
    Number.isNaN(server.busy) ? "-" : `${Math.round(server.busy * 100)}%`,
    ...handlers.map((name) =>
      Number.isNaN(server.ratios[name].median) ? "-" : server.ratios[name].median.toFixed(2)
    ),
  ];
}

function align(rows) {
  const widths = rows[0].map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  return rows.map((row) =>
    row.map((cell, column) => column === 0 ? cell.padEnd(widths[0]) : cell.padStart(widths[column])).join(
      "  ",
    ).trimEnd()
  );
}

const micros = (value) => Number.isNaN(value) ? "-" : value.toFixed(2);
const thousands = (value) => Math.round(value).toLocaleString("en-US");

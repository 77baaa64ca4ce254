// What a bench was run on, in one sentence.

const TITLES = { node: "Node", deno: "Deno", bun: "Bun" };

export function facts({ date, mooring, versions, packages = {}, load, machine, pinning }) {
  const all = [
    ...Object.entries(versions).map(([id, version]) => `${TITLES[id]} ${version}`),
    ...Object.entries(packages).map(([name, version]) => `${name} ${version}`),
  ];
  const versioned = all.join(", ");
  return `${date.slice(0, 10)}: Mooring ${mooring}; ${versioned}; load from ${load}; ${machine}; ${pinning}.`;
}

/** How often and with how much load it was measured. */
export function conditions({ rounds, seconds, connections }) {
  return `${rounds} rounds of ${seconds} s, ${connections} connections.`;
}

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

/** How often and with how much load it was measured, and after how many seconds of that load, where that is an option. */
export function conditions({ rounds, seconds, warmUp, connections }) {
  const after = warmUp === undefined ? "" : ` after ${warmUp} s of load`;
  return `${rounds} rounds of ${seconds} s${after}, ${connections} connections.`;
}

// What the figures were measured on: date, machine, versions. Printed first, and kept in the JSON.
// A runtime that cannot run is named and left out.

import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { cpus, release, type } from "node:os";
import process from "node:process";
import { locateRuntime, packageVersion } from "./roster.mjs";

/**
 * `facts` are for the JSON, `lines` for people, `runtimes` those to measure, `missing` those that cannot run;
 * `packages` names what else the figures depend on the version of.
 */
export function describeMachine({ runtimes: ids, load, pins, packages = [] }) {
  const runtimes = [];
  const missing = [];
  for (const id of ids) {
    try {
      runtimes.push(locateRuntime(id));
    } catch (error) {
      missing.push({ id, reason: error.message });
    }
  }
  const facts = {
    date: new Date().toISOString(),
    mooring: mooringVersion(),
    versions: Object.fromEntries(runtimes.map((runtime) => [runtime.id, runtime.version])),
    packages: Object.fromEntries(packages.map((name) => [name, packageVersion(name)])),
    load,
    harness: `Node ${process.versions.node}`,
    machine: `${cpus()[0]?.model.trim() ?? "unknown CPU"}, ${pins.cores} core(s), ${type()} ${release()}`,
    pinning: pins.note,
    missing,
  };
  const lines = [
    `Mooring ${facts.mooring} · ${
      runtimes.map((runtime) => `${runtime.title} ${runtime.version}`).join(" · ")
    }`,
    ...packages.length > 0
      ? [Object.entries(facts.packages).map(([name, version]) => `${name} ${version}`).join(" · ")]
      : [],
    `load from ${load} · harness on ${facts.harness}`,
    `${facts.date} · ${facts.machine}`,
    facts.pinning,
    ...missing.map(({ id, reason }) => `!! ${id} left out: ${reason}`),
  ];
  return { facts, lines, runtimes, missing };
}

/** The package's version, and the commit where there is one. */
function mooringVersion() {
  const root = new URL("../../", import.meta.url);
  const { version } = JSON.parse(readFileSync(new URL("package.json", root), "utf8"));
  try {
    const args = ["describe", "--always", "--dirty", "--exclude=*"];
    const commit = execFileSync("git", args, {
      cwd: root,
      encoding: "utf8",
      stdio: ["ignore", "pipe", "ignore"],
    });
    return `${version} (${commit.trim()})`;
  } catch {
    return version;
  }
}

/**
 * A soak: all kinds of clients at once, for as long as one likes, on servers that are restarted and replaced
 * meanwhile. Every answer is right, every connection ends, and nothing piles up.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { inspect } from "node:util";
import { Prng } from "../simulation/prng.ts";
import { inTime } from "../support/deadline.ts";
import { KINDS, runClient } from "./clients.ts";
import type { Place } from "./place.ts";
import type { ServerProcess } from "./process.ts";
import { Samples } from "./samples.ts";
import { Servers } from "./servers.ts";
import { Tally } from "./tally.ts";

/** What to do. */
export interface SoakOptions {
  /** How long clients come, in milliseconds. */
  readonly duration: number;
  /** Clients at a time. */
  readonly clients: number;
  /** Decides what the clients do. */
  readonly seed: number;
}

/** How it went. */
export interface SoakReport {
  /** For people. */
  readonly lines: readonly string[];
  /** Answers that were right. */
  readonly answers: number;
  /** What was wrong, the first of it. */
  readonly faults: readonly string[];
}

/** Between two clients, in milliseconds: the machine is to be busy, and not overloaded. */
const PAUSE = 10;
/** Between two restarts, and between two looks at a process, in milliseconds; less where the whole time is short. */
const RESTART_EVERY = 15_000;
const LOOK_EVERY = 1_000;
const [MIN_RESTARTS, MIN_LOOKS] = [3, 50];
/** How long what clients left behind may take to end, in milliseconds: longer than every deadline of the servers. */
const SETTLE_TIMEOUT = 30_000;
/** Descriptors that a runtime may have opened for itself since it started. */
const OWN_DESCRIPTORS = 10;

const LOCAL = { port: 0, hostname: "127.0.0.1" } as const;

/** Soaks the runtime that runs this. */
export async function soak(options: SoakOptions): Promise<SoakReport> {
  const folder = mkdtempSync(join(tmpdir(), "mooring-soak-"));
  try {
    return await soakIn(folder, options);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** `folder` is where Unix sockets lie. */
async function soakIn(folder: string, { duration, clients, seed }: SoakOptions): Promise<SoakReport> {
  const tally = new Tally();
  const samples = new Samples();
  await using steady = await Servers.start([
    { handler: "fetch", ...LOCAL },
    { handler: "exchange", ...LOCAL },
    { handler: "fetch", ...LOCAL, tls: true },
    { handler: "exchange", path: join(folder, "steady") },
  ], tally);
  await using rolling = await Servers.start([
    { handler: "exchange", ...LOCAL },
    { handler: "fetch", path: join(folder, "rolling") },
  ], tally);
  const atFirst = steady.process.descriptors();
  const places = [...steady.places, ...rolling.places];
  const end = performance.now() + duration;
  const every = (pause: number, act: () => Promise<unknown>): Promise<void> =>
    repeat(end, pause, () => inTime(act(), "the servers"), tally);
  await Promise.all([
    ...Array.from({ length: clients }, (_, i) => {
      const random = new Prng(seed + i);
      return repeat(end, PAUSE, () => comeAndGo(random, places), tally);
    }),
    every(Math.min(RESTART_EVERY, duration / MIN_RESTARTS), () => steady.restart()),
    every(Math.min(RESTART_EVERY, duration / MIN_RESTARTS), () => rolling.replace()),
    every(Math.min(LOOK_EVERY, duration / MIN_LOOKS), () => samples.take(steady.process)),
  ]);
  try {
    await settle(steady.process, atFirst + OWN_DESCRIPTORS, tally);
    await inTime(Promise.all([steady.end(), rolling.end()]), "the end of the servers");
  } catch (error) {
    tally.fault(inspect(error));
  }
  for (const fault of samples.faults()) tally.fault(fault);
  return {
    answers: tally.answered,
    faults: tally.faults,
    lines: [
      ...tally.lines(),
      `servers restarted ${steady.changes} times, processes replaced ${rolling.changes} times`,
      "medians of each fifth of the time:",
      ...samples.lines(),
    ],
  };
}

/** Does something again and again until `end`; what goes wrong is a fault, and no reason to stop. */
async function repeat(end: number, pause: number, act: () => Promise<unknown>, tally: Tally): Promise<void> {
  while (performance.now() < end) {
    await delay(pause);
    await act().catch((error) => tally.fault(inspect(error)));
  }
}

/** One client of any kind at any place. */
async function comeAndGo(random: Prng, places: readonly Place[]): Promise<void> {
  const [kind, place] = [random.pick(KINDS), random.pick(places)];
  try {
    await inTime(runClient(kind, place, random), "the client");
  } catch (error) {
    throw new Error(`${kind} at ${place.name}`, { cause: error });
  }
}

/** Waits until all connections have ended; then there are as many descriptors as at first. */
async function settle(server: ServerProcess, descriptors: number, tally: Tally): Promise<void> {
  const end = performance.now() + SETTLE_TIMEOUT;
  for (;;) {
    const { open, draining } = await server.ask("/state");
    const more = server.descriptors() - descriptors;
    if (open === 0 && draining === 0 && more <= 0) return;
    if (performance.now() > end) {
      return tally.fault(
        `${open} connections are open, ${draining} servers drain, ${more} descriptors are left`,
      );
    }
    await delay(LOOK_EVERY);
  }
}

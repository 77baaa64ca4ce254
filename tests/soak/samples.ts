/**
 * What a server process holds over time: it must not grow once it is warm.
 */
import type { ServerProcess, ServerState } from "./process.ts";

const MIB = 1024 * 1024;

/** What is looked at. */
const FIGURES = ["rss", "heap", "descriptors", "timers"] as const;

/** One of them. */
export type Figure = typeof FIGURES[number];

/** What may come on top of what there was, as a share of it and absolutely: clients come and go by chance. */
const SLACK: Readonly<Record<Figure, readonly [share: number, more: number]>> = {
  rss: [0.25, 32 * MIB],
  heap: [0.2, 8 * MIB],
  descriptors: [0.25, 30],
  timers: [0.25, 30],
};

/** Parts of the time that are compared. */
const PARTS = 5;
/** The first of them is for the runtime to warm up. */
const WARM = 1;

/** Looks at a process now and then. */
export class Samples {
  readonly #samples: Record<Figure, number>[] = [];

  /** Looks once. */
  async take(server: ServerProcess): Promise<ServerState> {
    const state = await server.ask("/state");
    const { rss, heap, timers } = state;
    this.#samples.push({ rss, heap, timers, descriptors: server.descriptors() });
    return state;
  }

  /** The median of each part of the time. */
  medians(figure: Figure): number[] {
    const values = this.#samples.map((sample) => sample[figure]);
    return Array.from({ length: PARTS }, (_, part) => {
      const [from, to] = [part, part + 1].map((bound) => Math.floor(bound * values.length / PARTS));
      return values.slice(from, to).sort((a, b) => a - b)[(to - from) >> 1] ?? 0;
    });
  }

  /** What has grown. */
  faults(): string[] {
    return FIGURES.flatMap((figure) => {
      const medians = this.medians(figure);
      const [share, more] = SLACK[figure];
      const grows = medians[PARTS - 1] > medians[WARM] * (1 + share) + more;
      return grows ? [`${figure} grows: ${medians.join(", ")}`] : [];
    });
  }

  /** One line for each figure. */
  lines(): string[] {
    return FIGURES.map((figure) => {
      const inMib = figure === "rss" || figure === "heap";
      const values = this.medians(figure).map((value) => inMib ? (value / MIB).toFixed(1) : String(value));
      return `${figure}${inMib ? ", MiB" : ""}: ${values.join(" ")}`;
    });
  }
}

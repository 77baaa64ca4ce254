/**
 * What clients have got, and what was wrong.
 */

/** Faults that are kept. There may be thousands of one kind. */
const MAX_FAULTS = 20;

/** Counts. */
export class Tally {
  /** Attempts to connect while one server took over from another. */
  refused = 0;
  /** Connections that a server ended between two answers because it drained. */
  retired = 0;
  /** What was wrong, the first of it. */
  readonly faults: string[] = [];
  readonly #answers = new Map<string, number>();
  readonly #clients = new Map<string, number>();
  #ids = 0;

  /** An id that no request has had. */
  nextId(): string {
    return (this.#ids++).toString(36);
  }

  /** A right answer. */
  answer(what: string): void {
    this.#answers.set(what, (this.#answers.get(what) ?? 0) + 1);
  }

  /** A client that has done what it came for. */
  finished(kind: string): void {
    this.#clients.set(kind, (this.#clients.get(kind) ?? 0) + 1);
  }

  /** Something that is wrong. */
  fault(what: string): void {
    if (this.faults.length < MAX_FAULTS) this.faults.push(what);
  }

  /** How many answers were right. */
  get answered(): number {
    return sum(this.#answers);
  }

  /** For people. */
  lines(): string[] {
    return [
      `right answers: ${this.answered} (${listed(this.#answers)})`,
      `clients: ${sum(this.#clients)} (${listed(this.#clients)})`,
      `ended between two answers by a restart: ${this.retired}; refused meanwhile: ${this.refused}`,
    ];
  }
}

function sum(counts: ReadonlyMap<string, number>): number {
  return [...counts.values()].reduce((sum, count) => sum + count, 0);
}

function listed(counts: ReadonlyMap<string, number>): string {
  return Array.from(counts, ([name, count]) => `${name} ${count}`).join(", ");
}

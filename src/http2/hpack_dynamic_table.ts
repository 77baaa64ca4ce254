/**
 * The dynamic table of an HPACK decoder (RFC 7541 §2.3.2, §4): a ring of names and values. Both are Latin-1, so that
 * an entry's size follows from the lengths of its strings, and every field that refers to it shares them.
 */

/** What an entry counts beside its octets (RFC 7541 §4.1). */
const ENTRY_OVERHEAD = 32;

/** Room for so many entries to begin with: what most clients send. A power of two, as is all that follows. */
const FIRST_CAPACITY = 16;

/** Entries by age: 0 is the one that was added last. */
export class DynamicTable {
  /** How many entries there are. */
  count = 0;
  /** Changes when entries or the maximum size do. */
  generation = 0;
  #size = 0;
  #maxSize: number;
  /** Both as long as there is room for entries, or empty. */
  #names: string[] = [];
  #values: string[] = [];
  /** Where the entry is that was added last. */
  #last = 0;

  /** An empty table, of `maxSize` octets at most as §4.1 counts them. */
  constructor(maxSize: number) {
    this.#maxSize = maxSize;
  }

  /** The name of the entry that is `age` entries old, less than `count`. */
  name(age: number): string {
    return this.#names[(this.#last - age) & (this.#names.length - 1)];
  }

  /** The value of the entry that is `age` entries old, less than `count`. */
  value(age: number): string {
    return this.#values[(this.#last - age) & (this.#values.length - 1)];
  }

  /** Adds an entry, for which the oldest make room; one that is larger than the table empties it (§4.4). */
  add(name: string, value: string): void {
    const size = name.length + value.length + ENTRY_OVERHEAD;
    this.#evict(this.#maxSize - size);
    if (size > this.#maxSize) return;
    if (this.count === this.#names.length) this.#grow();
    this.#last = (this.#last + 1) & (this.#names.length - 1);
    this.#names[this.#last] = name;
    this.#values[this.#last] = value;
    this.#size += size;
    this.count++;
    this.generation++;
  }

  /** Changes the maximum size (§4.3). */
  resize(maxSize: number): void {
    if (maxSize === this.#maxSize) return;
    this.#maxSize = maxSize;
    this.generation++;
    this.#evict(maxSize);
    if (this.count > 0) return;
    this.#names = [];
    this.#values = [];
  }

  /** Removes the oldest entries until the others have `size` octets at most, or there are none. */
  #evict(size: number): void {
    while (this.#size > size && this.count > 0) {
      const oldest = (this.#last - --this.count) & (this.#names.length - 1);
      this.#size -= this.#names[oldest].length + this.#values[oldest].length + ENTRY_OVERHEAD;
      this.#names[oldest] = "";
      this.#values[oldest] = "";
      this.generation++;
    }
  }

  #grow(): void {
    const capacity = Math.max(FIRST_CAPACITY, 2 * this.#names.length);
    const names = new Array<string>(capacity).fill("");
    const values = new Array<string>(capacity).fill("");
    for (let age = 0; age < this.count; age++) {
      names[this.count - age] = this.name(age);
      values[this.count - age] = this.value(age);
    }
    this.#names = names;
    this.#values = values;
    this.#last = this.count;
  }
}

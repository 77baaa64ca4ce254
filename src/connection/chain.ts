/**
 * Lists whose members carry their own links, so that joining and leaving are a few stores wherever in the
 * list they happen.
 */

/** What can stand in one list at a time. */
export abstract class Link<L extends Link<L>> {
  /** @internal */ previous: L | null = null;
  /** @internal */ next: L | null = null;
  /** The list in which it stands, if any. */
  chain: Chain<L> | null = null;
}

/** A list of links, in the order in which they were appended. */
export class Chain<L extends Link<L>> {
  /** The one that joined before all others. */
  first: L | null = null;
  /** How many there are. */
  size = 0;
  #last: L | null = null;

  /** Puts `link`, which stands in no list, at the end. */
  append(link: L): void {
    link.chain = this;
    link.previous = this.#last;
    link.next = null;
    if (this.#last === null) this.first = link;
    else this.#last.next = link;
    this.#last = link;
    this.size++;
  }

  /** Takes out `link`, which stands in this list. */
  remove(link: L): void {
    if (link.previous === null) this.first = link.next;
    else link.previous.next = link.next;
    if (link.next === null) this.#last = link.previous;
    else link.next.previous = link.previous;
    link.chain = link.previous = link.next = null;
    this.size--;
  }
}

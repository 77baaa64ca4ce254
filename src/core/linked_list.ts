/**
 * Intrusive doubly linked lists: the nodes carry their own links, so that appending and removing are a few stores and
 * allocate nothing.
 */

/** What can be in one list at a time. */
export abstract class ListNode<L extends ListNode<L>> {
  /** @internal */ previous: L | null = null;
  /** @internal */ next: L | null = null;
  /** The list that it is in, if any. */
  list: LinkedList<L> | null = null;
}

/** A list of nodes, in the order in which they were appended. */
export class LinkedList<L extends ListNode<L>> {
  /** The one that was appended first. */
  first: L | null = null;
  /** How many there are. */
  size = 0;
  #last: L | null = null;

  /** Appends `node`, which is in no list. */
  append(node: L): void {
    node.list = this;
    node.previous = this.#last;
    node.next = null;
    if (this.#last === null) this.first = node;
    else this.#last.next = node;
    this.#last = node;
    this.size++;
  }

  /** Removes `node`, which is in this list. */
  remove(node: L): void {
    if (node.previous === null) this.first = node.next;
    else node.previous.next = node.next;
    if (node.next === null) this.#last = node.previous;
    else node.next.previous = node.previous;
    node.list = node.previous = node.next = null;
    this.size--;
  }
}

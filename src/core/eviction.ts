/**
 * Which connection is closed when another one wants to come in at `maxConnections`: an idle one, one that has brought
 * no more than a part of its first head, or one of which one side has ended.
 */
import type { ConnectionState } from "../api/transport.ts";
import { LinkedList, ListNode } from "./linked_list.ts";

/**
 * If more than this share of connections is pending, a client hoards them: others send a request once they connect, so
 * that few are pending at a time.
 */
const HOARDED_SHARE = 0.75;

/** A connection that can be evicted. */
export interface Evictable {
  /** Since when nothing is under way on it, in milliseconds of the monotonic clock. */
  readonly idleSince: number;
  readonly state: ConnectionState;
  /** Closes it, with a 503 where it has no request yet and `maySend503`. */
  evict(maySend503: boolean): void;
}

/** A connection's node in one of the lists of the queue. */
export class EvictionEntry extends ListNode<EvictionEntry> {
  /** The connection. */
  readonly owner: Evictable;

  /** In no list at first. */
  constructor(owner: Evictable) {
    super();
    this.owner = owner;
  }

  /** Moves to the end of `list`. */
  moveTo(list: LinkedList<EvictionEntry>): void {
    this.leave();
    list.append(this);
  }

  /** Leaves its list, if it is in one. */
  leave(): void {
    this.list?.remove(this);
  }
}

/** The connections of one server that can be evicted, each list in its order. */
export class EvictionQueue {
  /** Between two requests, the longest idle first. */
  readonly idle: LinkedList<EvictionEntry> = new LinkedList();
  /** No request yet, or only a part of a head, the longest waiting first. */
  readonly pending: LinkedList<EvictionEntry> = new LinkedList();
  /** One side has ended: the client may be gone, or the last response was sent; the first to do so first. */
  readonly ending: LinkedList<EvictionEntry> = new LinkedList();

  /**
   * The one of `total` connections to evict, if there is any: the one without a request for longest, else one of which
   * one side has ended. Where most are pending it is one of these, so that hoarded connections do not evict idle ones.
   */
  first(total: number): Evictable | undefined {
    const idle = this.idle.first;
    const pending = this.pending.first;
    const isHoarded = this.pending.size > total * HOARDED_SHARE;
    const takesPending = pending !== null &&
      (idle === null || isHoarded || pending.owner.idleSince < idle.owner.idleSince);
    return ((takesPending ? pending : idle) ?? this.ending.first)?.owner;
  }
}

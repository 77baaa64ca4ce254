/**
 * Eviction: the connections that can be spared when others want to come in: the idle ones, those of whose request no
 * more than a part of the head has come, and those of which one side has ended: the peer's, which may be gone, or the
 * server's, which has said its last.
 */
import { Chain, Link } from "./chain.ts";

/** The share of unasked connections that says that they are hoarded: a client sends its request as soon as it is in. */
const HOARDED = 0.75;

/** A connection that can make room. */
export interface Sparable {
  /** Since when nothing is under way on it, in milliseconds of the server's clock. */
  readonly idleSince: number;
  /** Closes it for another to come in. */
  makeRoom(): void;
}

/** A connection's place among those that can be spared. */
export class Place extends Link<Place> {
  /** The connection. */
  readonly owner: Sparable;

  /** Makes the place of `owner`. */
  constructor(owner: Sparable) {
    super();
    this.owner = owner;
  }

  /** Takes the place at the end of `chain`. */
  moveTo(chain: Chain<Place>): void {
    this.leave();
    chain.append(this);
  }

  /** Gives up its place, if it has one. */
  leave(): void {
    this.chain?.remove(this);
  }
}

/** The connections of one server that can be spared, each kind in its order. */
export class Spare {
  /** Those between two requests, the longest idle first. */
  readonly idle: Chain<Place> = new Chain();
  /** Those that have brought nothing yet, or a part of a head only, the first that began so first. */
  readonly unasked: Chain<Place> = new Chain();
  /** Those of which one side has ended, the first that did first. */
  readonly ending: Chain<Place> = new Chain();

  /**
   * The one of `total` connections to evict, if there is any: the one that has brought no request for longest, else one
   * that has ended in part. Where most have brought none yet, which a client has for a moment only, it is one of them:
   * hoarded connections do not evict idle ones.
   */
  first(total: number): Sparable | undefined {
    const idle = this.idle.first;
    const unasked = this.unasked.first;
    const isHoarded = this.unasked.size > total * HOARDED;
    const takesUnasked = unasked !== null &&
      (idle === null || isHoarded || unasked.owner.idleSince < idle.owner.idleSince);
    return ((takesUnasked ? unasked : idle) ?? this.ending.first)?.owner;
  }
}

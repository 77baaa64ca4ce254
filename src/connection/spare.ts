/**
 * Connections that can be spared when others want to come in: the idle ones, those that have brought no byte yet
 * included, and those of which one side has ended: the peer's, which may be gone, or the server's, which has said its
 * last.
 */
import { Chain, Link } from "./chain.ts";

/** A connection that can make room. */
export interface Sparable {
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
  /** Those between two requests, or before the first, the longest idle first. */
  readonly idle: Chain<Place> = new Chain();
  /** Those of which one side has ended, the first that did first. */
  readonly ending: Chain<Place> = new Chain();

  /** The one to close first, if there is any: the longest idle, else one that has ended in part. */
  get first(): Sparable | undefined {
    return (this.idle.first ?? this.ending.first)?.owner;
  }
}

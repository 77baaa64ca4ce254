/**
 * All transitions of a connection's public state, in one table.
 *
 * | from     | to                                | when                                                   |
 * |----------|-----------------------------------|--------------------------------------------------------|
 * | new      | active, draining, closed          | the first byte of a request; told to end; gone         |
 * | active   | idle, draining, upgraded, closed  | exchange over; last response sent; handed over; gone   |
 * | idle     | active, draining, closed          | the next request; idle for too long, told to end; gone |
 * | draining | closed                            | the peer is done too, or has had its time              |
 * | upgraded | closed                            | the other protocol is done                             |
 * | closed   |                                   |                                                        |
 */
import type { ConnectionState } from "../conn.ts";

/** Where each state may lead. */
export const TRANSITIONS: Readonly<Record<ConnectionState, readonly ConnectionState[]>> = {
  new: ["active", "draining", "closed"],
  active: ["idle", "draining", "upgraded", "closed"],
  idle: ["active", "draining", "closed"],
  draining: ["closed"],
  upgraded: ["closed"],
  closed: [],
};

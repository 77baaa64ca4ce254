/**
 * What HTTP over a connection must do whatever carries the bytes: one suite, which every transport runs on
 * every runtime that has it.
 */
import type { OpenServer } from "../support/opened_servers.ts";
import { testBodies } from "./contract/bodies.ts";
import { testClientEnd } from "./contract/client_end.ts";
import { testFaults } from "./contract/faults.ts";
import { testsOn } from "./contract/harness.ts";
import { testInterimResponses } from "./contract/interim.ts";
import { testPersistence } from "./contract/persistence.ts";
import { testPipelining } from "./contract/pipelining.ts";
import { testServerEnd } from "./contract/server_end.ts";
import { testUpgrades } from "./contract/upgrades.ts";

/** What a transport can do. */
export interface Abilities {
  /** It can end a connection so that the client sees a failure. */
  readonly canReset?: boolean;
  /** It tells a client that is gone from one that has ended its side. */
  readonly tellsGone?: boolean;
}

/** Registers the suite for the transport `name`. */
export function contract(
  name: string,
  open: OpenServer,
  { canReset = true, tellsGone = true }: Abilities = {},
): void {
  const on = testsOn(name, open);
  testPipelining(on);
  testBodies(on);
  testInterimResponses(on);
  testPersistence(on);
  testFaults(on, canReset);
  testClientEnd(on, tellsGone);
  testUpgrades(on);
  testServerEnd(on);
}

/** Tests of what users of other servers have reported. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { type Ask, ask, assertRight, open, type Right } from "./answers.ts";
import { type Application, onMooring, type Serving } from "./servers.ts";
import { inTime } from "../deadline.ts";
import type { WireClient } from "../wire_client.ts";

/** Registers a test of one request and its answer. */
export function answers(name: string, application: Application, request: Ask, right: Right): void {
  test(name, async () => {
    await using mooring = await onMooring(application);
    assertRight(await ask(mooring.port, request), right);
    assert.deepEqual(mooring.errors, []);
  });
}

/** Registers a test that talks on a connection by itself. */
export function talks(
  name: string,
  application: Application,
  request: Ask,
  talk: (client: WireClient, mooring: Serving) => Promise<void>,
): void {
  test(name, async () => {
    await using mooring = await onMooring(application);
    using client = await open(mooring.port, request);
    await inTime(talk(client, mooring), name);
  });
}

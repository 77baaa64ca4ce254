// The server behind the proxy: a raw loop on Node, on the client's core.

import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { locateRuntime } from "../lib/roster.mjs";
import { startServer } from "../lib/server_process.mjs";
import { raw } from "./roster.mjs";

/** Starts one that answers with these bytes; resolves to its URL. */
export async function startUpstream(answer, { pins, scratch }) {
  const file = join(scratch, "upstream");
  writeFileSync(file, answer);
  const { port } = await startServer(locateRuntime("node"), raw, pins.client, [file]);
  return `http://127.0.0.1:${port}/`;
}

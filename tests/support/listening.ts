/** Servers on whatever `serve()` listens on, and what it says where it cannot. */
import assert from "node:assert/strict";
import { mkdtempSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { serve, type Server } from "../../mod.ts";
import type { ServeOptions } from "../../src/api/options.ts";
import { inTime } from "./deadline.ts";
import { fetch200 } from "./local_servers.ts";
import { get } from "./memory.ts";
import { type ByteStream, WireClient } from "./wire_client.ts";

/** Which runtime this is. */
export const IS_DENO: boolean = "Deno" in globalThis;
export const IS_NODE_20: boolean = !IS_DENO && !("Bun" in globalThis) &&
  process.versions.node.startsWith("20.");
/** A folder of this process, gone with it. */
export const folder: string = mkdtempSync(join(tmpdir(), "mooring-"));
process.on("exit", () => rmSync(folder, { recursive: true, force: true }));
let sockets = 0;
/** A path where nothing lies. */
export const freshPath = (): string => join(folder, `${sockets++}.sock`);

/** A name that no other run has. */
export const abstractName = (): string => `\0mooring-test-${process.pid}-${sockets++}`;

/** A server that ends at once with `await using`. */
export async function start(options: ServeOptions): Promise<Server> {
  const server = await serve(options);
  return Object.assign(server, { [Symbol.asyncDispose]: () => server.close() });
}

/** Whether something lies there. */
export function exists(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false }) !== undefined;
}

/** Expects `serve()` to reject with a message that matches. */
export async function assertRejects(
  options: unknown,
  message: RegExp,
  kind: string = "ListenError",
): Promise<Error> {
  let refused!: Error;
  await assert.rejects(
    serve({ fetch: fetch200, ...options as ServeOptions }).then((server) => server.close()),
    (error: Error) => {
      assert.match(error.message, message);
      assert.equal(error.name, kind);
      refused = error;
      return true;
    },
  );
  return refused;
}

/** The text that a server answers to one request, alone on its connection. */
export async function answers(stream: ByteStream): Promise<string> {
  using client = new WireClient(stream);
  await client.send(get("/", "Connection: close"));
  const { status, text } = await inTime(client.response(), "the answer");
  assert.equal(status, 200);
  return text;
}

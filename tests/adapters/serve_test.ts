/**
 * The contract on TCP, by `serve()` of the runtime that runs the test.
 */
import type { NetAddr } from "../../src/conn.ts";
import { serve } from "../../mod.ts";
import { connectTcp } from "../support/byte_streams.ts";
import { contract } from "./contract.ts";

contract("serve()", async (options) => {
  const server = await serve({ ...options, port: 0, hostname: "127.0.0.1" });
  const { port } = server.addr as NetAddr;
  return {
    connect: () => connectTcp(port),
    shutdown: () => server.shutdown({ idleGrace: 0 }),
    close: () => server.close(),
  };
});

/**
 * The contract in memory.
 */
import { connectionSettings } from "../../src/options/settings.ts";
import { HttpServer } from "../../src/server/http_server.ts";
import { MemoryConnection } from "../support/byte_streams.ts";
import { contract } from "./contract.ts";

contract("memory", (options) => {
  const server = new HttpServer(options, connectionSettings(options));
  return {
    async connect() {
      const transport = new MemoryConnection();
      server.accept(transport);
      return transport.client;
    },
    shutdown: () => server.shutdown({ idleGrace: 0 }),
    close: () => server.close(),
  };
});

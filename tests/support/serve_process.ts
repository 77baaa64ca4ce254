/**
 * A server in a process of its own, with the options that its argument says as JSON. It answers with how many
 * requests it has had and the addresses of the connection; it tells where it listens, or why it does not, as a
 * line of JSON, and ends well on SIGTERM.
 */
import process from "node:process";
import { FastResponse, serve } from "../../mod.ts";

let requests = 0;
try {
  const server = await serve({
    ...JSON.parse(process.argv[2]),
    fetch(_request, { connection }) {
      const { remoteAddr, localAddr } = connection;
      return FastResponse.json({ pid: process.pid, requests: ++requests, remoteAddr, localAddr });
    },
  });
  process.on("SIGTERM", () => void server.shutdown({ idleGrace: 0 }));
  console.log(JSON.stringify({ pid: process.pid, addr: server.addr, url: server.url }));
} catch (error) {
  console.log(JSON.stringify({ pid: process.pid, error: String(error) }));
}

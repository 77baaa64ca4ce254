/**
 * The contract on what `serve()` listens on: TCP, TLS and Unix sockets, and TCP by the Node adapter where
 * another runtime stands in for `node:net`.
 */
import { onNodeTcp, onTcp, onTls, onUnix } from "../support/opened_servers.ts";
import { contract } from "./contract.ts";

contract("serve()", onTcp);
if ("Deno" in globalThis || "Bun" in globalThis) contract("serve() of the Node adapter", onNodeTcp);
contract("serve() with TLS", onTls, { canReset: false, tellsGone: false });
contract("serve() on a Unix socket", onUnix, { canReset: false, tellsGone: false });

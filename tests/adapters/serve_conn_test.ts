/**
 * The contract on what `serveConn()` takes: stream pairs everywhere, Node's sockets as streams, and
 * `Deno.Conn` where there is one.
 */
import { once } from "node:events";
import net from "node:net";
import process from "node:process";
import { Duplex } from "node:stream";
import type { Conn } from "../../src/api/transport.ts";
import { connectTcp, webStream } from "../support/byte_streams.ts";
import { KeptConns } from "../support/kept_conns.ts";
import { contract } from "./contract.ts";

contract("serveConn() on a pair of streams", (options) => {
  const conns = new KeptConns(options);
  return {
    async connect() {
      const toServer = new TransformStream<Uint8Array, Uint8Array>();
      const toClient = new TransformStream<Uint8Array, Uint8Array>();
      conns.serve({ readable: toServer.readable, writable: toClient.writable });
      return webStream(toClient.readable, toServer.writable);
    },
    shutdown: () => conns.shutdown(),
    close: () => conns.close(),
  };
});

// Duplex.toWeb() of Node 20 tells the end of what it reads only once what it writes has ended too, so there
// is no half-closed client to be answered.
if (!process.version.startsWith("v20.")) {
  contract("serveConn() on a Node socket", async (options) => {
    const conns = new KeptConns(options);
    const listener = net.createServer({ allowHalfOpen: true, noDelay: true }, (socket) => {
      const streams = Duplex.toWeb(socket) as unknown as Conn;
      conns.serve({ readable: streams.readable, writable: streams.writable, close: () => socket.destroy() });
    });
    listener.listen(0, "127.0.0.1");
    await once(listener, "listening");
    const { port } = listener.address() as net.AddressInfo;
    return {
      connect: () => connectTcp(port),
      async shutdown() {
        listener.close();
        await conns.shutdown();
      },
      async close() {
        listener.close();
        await conns.close();
      },
    };
  }, { canReset: false });
}

/** What is used of Deno. */
interface DenoRuntime {
  listen(options: { hostname: string; port: number }): {
    readonly addr: { readonly port: number };
    close(): void;
    [Symbol.asyncIterator](): AsyncIterableIterator<Conn>;
  };
}

const { Deno } = globalThis as unknown as { Deno?: DenoRuntime };
if (Deno !== undefined) {
  contract("serveConn() on a Deno.Conn", (options) => {
    const conns = new KeptConns(options);
    const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    const accepting = (async () => {
      for await (const conn of listener) conns.serve(conn);
    })();
    let listening = true;
    const end = async (how: "shutdown" | "close"): Promise<void> => {
      if (listening) listener.close();
      listening = false;
      await accepting;
      await conns[how]();
    };
    return {
      connect: () => connectTcp(listener.addr.port),
      shutdown: () => end("shutdown"),
      close: () => end("close"),
    };
  }, { canReset: false });
}

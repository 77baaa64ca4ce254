/**
 * Listening by `node:net` and `node:tls`: on a port, a Unix socket or an inherited socket, with TLS or
 * without. Deno and Bun have these too, and use them where they have nothing of their own.
 */
import net from "node:net";
import { UnsupportedError } from "../api/errors.ts";
import type { Addr } from "../api/transport.ts";
import type { Listen } from "../server/listener.ts";
import { KEEP_ALIVE_DELAY } from "../server/listen.ts";
import type { ListenAt } from "../options/listen_settings.ts";
import { acceptAgain } from "./accept_again.ts";
import { acceptHandle, type AcceptPlace } from "./accept_handle.ts";
import { isSpecified, tcpAddr, unixAddr } from "./addresses.ts";
import { keepFreedMemory } from "./freed_memory.ts";
import { nodeProcess } from "./node_process.ts";
import { IS_DENO, NodeSocketTransport, SOCKET } from "./node_socket.ts";
import { INHERITS_OPTIONS, type ListenHandle, setOptions, takeHandles } from "./socket_handle.ts";

const process = nodeProcess();

/** Listens as the settings say. */
export const listenOnNode: Listen = async (settings, accept) => {
  keepFreedMemory();
  const { at } = settings;
  const place: AcceptPlace = {
    localAddr: at.kind === "unix" ? unixAddr(at.path) : undefined,
    inheritsOptions: false,
  };
  const isTcp = (): boolean => place.localAddr?.transport !== "unix";
  // Both are loaded where they are used: they, and what they need of the platform, take their time.
  const tls = settings.tls &&
    new (await import("./node_tls.ts")).TlsAcceptor(settings.tls, settings.alpnProtocols);
  const unix = at.kind === "unix" ? await import("./unix_path.ts") : undefined;
  const server = net.createServer({ ...SOCKET, pauseOnConnect: true }, (socket) => {
    // A socket that its peer has reset before the accept has no address.
    if (!server.listening || (isTcp() && socket.remoteAddress === undefined)) return void socket.destroy();
    if (isTcp() && !place.inheritsOptions) socket.setNoDelay(true).setKeepAlive(true, KEEP_ALIVE_DELAY);
    accept(new NodeSocketTransport(socket, place.localAddr, tls?.accept(socket)));
  });
  const path = at.kind === "unix" ? await unix!.freePath(at.path) : undefined;
  await listening(server, { ...target(at), ...path !== undefined && { path }, backlog: settings.backlog });
  const handle = handleOf(server);
  if (tls === undefined && handle !== null) {
    takeHandles(handle, (connection) => {
      if (server.listening) acceptHandle(connection, place, accept);
      else connection.close();
    });
  }
  place.inheritsOptions = INHERITS_OPTIONS && handle !== null && setOptions(handle);
  if (at.kind === "unix" && at.mode !== undefined) {
    try {
      unix!.setMode(at.path, at.mode);
    } catch (error) {
      server.close();
      throw error;
    }
  }
  const addr = addressOf(server, at);
  // An inherited socket may accept for other addresses than its own (IP_TRANSPARENT).
  const isOneAddress = addr.transport === "unix" || (at.kind === "tcp" && isSpecified(addr.hostname));
  place.localAddr = isOneAddress ? addr : undefined;
  const stopPolling = IS_DENO && at.kind !== "unix" && handle !== null
    ? acceptAgain(handle, settings.backlog)
    : undefined;
  const close = (): void => {
    stopPolling?.();
    server.close();
  };
  return {
    addr,
    isSecure: tls !== undefined,
    close: path === undefined ? close : unix!.closeKeepingOthers(path, close),
    ref: () => void server.ref(),
    unref: () => void server.unref(),
    ...tls && { prepareTls: (options) => tls.prepare(options) },
  };
};

/** The handle inside of `server`; `null` where it has none. */
function handleOf(server: net.Server): ListenHandle | null {
  return (server as unknown as { readonly _handle?: ListenHandle | null })._handle ?? null;
}

function target(at: ListenAt): net.ListenOptions & { fd?: number } {
  switch (at.kind) {
    case "tcp":
      if (at.reusePort) checkReusePort();
      return { port: at.port, host: at.hostname, ...at.reusePort && { reusePort: true } };
    case "unix":
      return { path: at.path };
    case "fd":
      return { fd: at.fd === "systemd" ? systemdSocket() : at.fd };
  }
}

/** Older ones take the option without a word, and do nothing. */
function checkReusePort(): void {
  const { node, deno, bun } = process.versions;
  const [major, minor] = node.split(".").map(Number);
  if (deno === undefined && bun === undefined && (major < 23 || (major === 23 && minor < 1))) {
    throw new UnsupportedError(
      "Node",
      "reusePort",
      `Node ${node} has no option "reusePort"; Node 23.1 and later have, or use node:cluster`,
    );
  }
}

function listening(server: net.Server, options: net.ListenOptions): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(options, () => {
      server.off("error", reject);
      // What fails after this is one accept (too many open files, say); the listener goes on.
      server.on("error", () => {});
      resolve();
    });
  });
}

/** An inherited socket that is none of the internet is a Unix socket, whose path not every runtime tells. */
function addressOf(server: net.Server, at: ListenAt): Addr {
  if (at.kind === "unix") return unixAddr(at.path);
  const address = server.address();
  const tcp = typeof address === "object" ? tcpAddr(address?.address, address?.port) : undefined;
  return tcp ?? unixAddr(typeof address === "string" ? address : "");
}

/** The first descriptor that systemd passes (sd_listen_fds(3)). */
const FIRST_PASSED = 3;

function systemdSocket(): number {
  const { LISTEN_PID, LISTEN_FDS } = process.env;
  if (Number(LISTEN_PID) !== process.pid || !(Number(LISTEN_FDS) >= 1)) {
    throw new Error("systemd passed no socket to this process (LISTEN_PID, LISTEN_FDS)");
  }
  return FIRST_PASSED;
}

/**
 * Listening by `node:net` and `node:tls`: on a port, a Unix socket or an inherited socket, with TLS or
 * without. Deno and Bun have these too, and use them for all but plain TCP.
 */
import net from "node:net";
import { clearInterval, setInterval } from "node:timers"; // not the web's, which may not have `unref()`
import { UnsupportedError } from "../api/errors.ts";
import type { Addr } from "../api/transport.ts";
import { KEEP_ALIVE_DELAY } from "../server/listen.ts";
import type { Listen } from "../server/listener.ts";
import type { ListenAt } from "../options/listen_settings.ts";
import { isSpecified, tcpAddr, unixAddr } from "./addresses.ts";
import { nodeProcess } from "./node_process.ts";
import { IS_DENO, IS_NODE, type NodeHandle, NodeSocketTransport, SOCKET } from "./node_socket.ts";

const process = nodeProcess();

/** Listens as the settings say. */
export const listenOnNode: Listen = async (settings, accept) => {
  const { at } = settings;
  /** Where each was accepted; `undefined` where that differs, or is not known yet. */
  let localAddr: Addr | undefined = at.kind === "unix" ? unixAddr(at.path) : undefined;
  const isTcp = (): boolean => localAddr?.transport !== "unix";
  // Both are loaded where they are used: they, and what they need of the platform, take their time.
  const tls = settings.tls &&
    new (await import("./node_tls.ts")).TlsAcceptor(settings.tls, settings.alpnProtocols);
  const unix = at.kind === "unix" ? await import("./unix_path.ts") : undefined;
  /** Whether connections have their socket options from the server's. */
  let isInherited = false;
  const server = net.createServer({ ...SOCKET, pauseOnConnect: true }, (socket) => {
    // A socket that its peer has reset before the accept has no address.
    if (!server.listening || (isTcp() && socket.remoteAddress === undefined)) return void socket.destroy();
    if (isTcp() && !isInherited) socket.setNoDelay(true).setKeepAlive(true, KEEP_ALIVE_DELAY);
    accept(new NodeSocketTransport(socket, localAddr, tls?.accept(socket)));
  });
  const acceptHandle = (handle: NodeHandle): void => {
    if (!server.listening) return handle.close();
    const transport = new NodeSocketTransport(handle, localAddr);
    if (transport.remoteAddr === undefined) return transport.close(false);
    if (isTcp() && !isInherited) setOptions(handle);
    accept(transport);
  };
  const path = at.kind === "unix" ? await unix!.freePath(at.path) : undefined;
  await listening(server, { ...target(at), ...path !== undefined && { path }, backlog: settings.backlog });
  if (IS_NODE && tls === undefined) takeHandles(server, acceptHandle);
  isInherited = INHERITS_OPTIONS && setOptions(handleOf(server));
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
  localAddr = isOneAddress ? addr : undefined;
  const stopLooking = IS_DENO && at.kind !== "unix" ? acceptAgain(server, settings.backlog) : undefined;
  const close = (): void => {
    stopLooking?.();
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

/** Linux gives a connection the options of the socket that accepts it, which saves two system calls for each. */
const INHERITS_OPTIONS = IS_NODE && process.platform === "linux";

/** What is used of the handle inside of a server, on Node and Deno. */
interface ListenHandle extends NodeHandle {
  /** Called with 0, or an error's number, and the handle of a connection. */
  onconnection(error: number, handle: NodeHandle): void;
  /** Answers 0, or an error's number. */
  listen(backlog: number): number;
}

function handleOf(server: net.Server): Partial<ListenHandle> | null {
  return (server as unknown as { readonly _handle: Partial<ListenHandle> | null })._handle;
}

/** Takes connections before `server` makes sockets of them, of which none reads in place. */
function takeHandles(server: net.Server, take: (handle: NodeHandle) => void): void {
  const listening = handleOf(server);
  if (listening === null) return;
  listening.onconnection = (error, handle) => {
    if (error === 0) take(handle); // one accept that failed; the listener goes on
  };
}

/** How often Deno is told to look for connections, in milliseconds. */
const LOOK_INTERVAL = 500;

/**
 * Once an accept has failed for want of descriptors, Deno's `node:net` accepts no more, and tells no error. To listen again
 * on the handle of a port makes it look, and does nothing else. Answers how to stop that.
 */
function acceptAgain(server: net.Server, backlog: number): () => void {
  const timer = setInterval(() => void handleOf(server)?.listen?.(backlog), LOOK_INTERVAL).unref();
  return () => clearInterval(timer);
}

/** Answers whether it could: a Unix socket's handle has none of these, nor has that of a worker of `node:cluster`. */
function setOptions(handle: Partial<NodeHandle> | null): boolean {
  return handle?.setNoDelay?.(true) === 0 && handle.setKeepAlive?.(true, KEEP_ALIVE_DELAY / 1000) === 0;
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

/**
 * Listening by `node:net` and `node:tls`: on a port, a Unix socket or an inherited socket, with TLS or
 * without. Deno and Bun have these too, and use them for all but plain TCP.
 */
import { Buffer } from "node:buffer";
import { X509Certificate } from "node:crypto";
import { chmodSync, existsSync, lstatSync, rmSync } from "node:fs";
import net from "node:net";
import process from "node:process";
import tls from "node:tls";
import type { Addr } from "../conn.ts";
import type { TlsOptions } from "../options.ts";
import type { Listener } from "../server/http_server.ts";
import { ALPN_PROTOCOLS, type Listen, TlsError } from "../server/start.ts";
import type { ListenAt, Settings } from "../settings.ts";
import { NodeSocketTransport, SOCKET, tcpAddr } from "./node_socket.ts";

/** Listens as the settings say. */
export const listenOnNode: Listen = async (settings, accept) => {
  const { at } = settings;
  let unixPath: string | undefined;
  const accepted = (socket: net.Socket): void => {
    // A handshake may be over only when the listener is closed.
    if (server.listening) accept(new NodeSocketTransport(socket, unixPath));
    else socket.destroy();
  };
  if (at.kind === "unix") await freePath(at.path);
  const server: net.Server = settings.tls === undefined
    ? net.createServer({ ...SOCKET, noDelay: true, pauseOnConnect: true }, accepted)
    : secureServer(settings, settings.tls, accepted);
  await listening(server, { ...target(at), backlog: settings.backlog });
  if (at.kind === "unix" && at.mode !== undefined) {
    try {
      chmodSync(at.path, at.mode);
    } catch (error) {
      server.close();
      throw error;
    }
  }
  const addr = addressOf(server, at);
  if (addr.transport === "unix") unixPath = addr.path;
  return listener(server, addr, settings.tls);
};

function secureServer(
  { headerTimeout }: Settings,
  options: TlsOptions,
  accepted: (socket: net.Socket) => void,
): tls.Server {
  return tls.createServer({
    ...SOCKET,
    ...checked(certificate(options)),
    noDelay: true,
    pauseOnConnect: true,
    ALPNProtocols: ALPN_PROTOCOLS,
    // A handshake is part of what comes before the first head.
    ...headerTimeout > 0 && { handshakeTimeout: headerTimeout },
    requestCert: options.ca !== undefined,
    rejectUnauthorized: options.ca !== undefined,
  }, accepted);
}

function certificate(options: TlsOptions): tls.SecureContextOptions {
  const text = (pem: string | Uint8Array): string => typeof pem === "string" ? pem : decoder.decode(pem);
  const { key, cert, ca, passphrase } = options;
  return {
    key: text(key),
    cert: text(cert),
    ...ca !== undefined && { ca: text(ca) },
    ...passphrase !== undefined && { passphrase },
  };
}

const decoder = new TextDecoder();

/**
 * As `options`, where a server can be made of them.
 *
 * @throws {TlsError}
 */
function checked(options: tls.SecureContextOptions): tls.SecureContextOptions {
  try {
    tls.createSecureContext(options);
    // A server would take these, and refuse every client.
    for (const [pem] of String(options.ca ?? "").matchAll(CERTIFICATES)) new X509Certificate(pem);
    return options;
  } catch (error) {
    throw new TlsError(error);
  }
}

const CERTIFICATES = /-----BEGIN [^]*?-----END [^-]*-----/g;

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
    throw new Error(`Node ${node} has no option "reusePort"; Node 23.1 and later have, or use node:cluster`);
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

function listener(server: net.Server, addr: Addr, start: TlsOptions | undefined): Listener {
  const close = (): void => void server.close();
  if (!(server instanceof tls.Server)) return { addr, isSecure: false, close };
  const reloadTls = (options: TlsOptions): void => {
    // Whether clients are asked for certificates is settled when the server starts.
    if ((options.ca === undefined) !== (start!.ca === undefined)) {
      throw new TypeError(
        'option "tls.ca" must be given to reloadTls() where the server has one, and only there',
      );
    }
    server.setSecureContext(checked(certificate(options)));
  };
  return { addr, isSecure: true, close, reloadTls };
}

/** An inherited socket that is none of the internet is a Unix socket, whose path not every runtime tells. */
function addressOf(server: net.Server, at: ListenAt): Addr {
  if (at.kind === "unix") return { transport: "unix", path: at.path };
  const address = server.address();
  const tcp = typeof address === "object" ? tcpAddr(address?.address, address?.port) : undefined;
  return tcp ?? { transport: "unix", path: typeof address === "string" ? address : "" };
}

/** Names on Linux that are no files begin with it. */
const ABSTRACT = "\0";

/** Makes sure that nothing lies at `path` but what somebody listens on: a server that was killed leaves its socket. */
async function freePath(path: string): Promise<void> {
  const room = process.platform === "linux" ? 107 : 103;
  if (process.platform !== "win32" && Buffer.byteLength(path) > room) {
    // Node 20 would cut it off.
    throw new Error(`the path of a socket has ${room} bytes at the most; choose a shorter option "path"`);
  }
  if (path.startsWith(ABSTRACT)) return checkAbstract();
  if (!existsSync(path)) return;
  if (!lstatSync(path).isSocket()) throw new Error("a file that is no socket lies there");
  if (await somebodyListens(path)) throw Object.assign(new Error("in use"), { code: "EADDRINUSE" });
  rmSync(path, { force: true });
}

function checkAbstract(): void {
  if (process.platform !== "linux") throw new Error("only Linux has socket names without a file");
  const { node, deno, bun } = process.versions;
  if (deno === undefined && bun === undefined && node.startsWith("20.")) {
    throw new Error("Node 20 cannot listen on a name without a file; Node 21 and later can");
  }
}

/** Only a refusal says that nobody does; who may not ask, or finds many waiting already, learns nothing. */
function somebodyListens(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = net.connect(path);
    socket.once("connect", () => {
      socket.destroy();
      resolve(true);
    });
    const nobody = ["ECONNREFUSED", "ENOENT"];
    socket.once("error", ({ code = "" }: Error & { code?: string }) => resolve(!nobody.includes(code)));
  });
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

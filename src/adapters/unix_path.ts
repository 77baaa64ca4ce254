/**
 * The path of a Unix socket: free to be bound, when a server that was killed has left its socket there, and left to
 * others at the end. A bound socket is never removed or replaced, also where servers start or end concurrently.
 */
import { Buffer } from "node:buffer";
import { type BigIntStats, chmodSync, linkSync, lstatSync, readFileSync, renameSync, rmSync } from "node:fs";
import net from "node:net";
import { basename, isAbsolute } from "node:path";
import { UnsupportedError } from "../api/errors.ts";
import { nodeProcess } from "./node_process.ts";

const process = nodeProcess();

/** Names on Linux that are no files begin with it. */
const ABSTRACT = "\0";

/** Bytes of a path that the system takes: `sun_path` of unix(7) without the NUL at its end. */
const MAX_BYTES = process.platform === "linux" ? 107 : 103;

/**
 * Frees `path` for bind(2): removes a stale socket, one that no process has bound any more.
 *
 * @returns the path to bind
 * @throws {Error} where it cannot be bound; with the code `EADDRINUSE` where a process has bound it
 */
export async function freePath(path: string): Promise<string> {
  if (process.platform !== "win32" && Buffer.byteLength(path) > MAX_BYTES) {
    // Node 20 would cut it off.
    throw new Error(
      `the path of a socket has ${MAX_BYTES} bytes at the most; choose a shorter option "path"`,
    );
  }
  if (path.startsWith(ABSTRACT)) {
    checkAbstract();
    return path;
  }
  const found = fileAt(path);
  if (found !== undefined) {
    if (!found.isSocket()) throw new Error("a file that is no socket lies there");
    // The list first: a server that begins to listen in between is bound there, and is connected to here.
    if (isBound(path, found) || await isListening(path)) throw addressInUse();
    // A stale socket is never bound again, but another may have taken its path since.
    const now = fileAt(path);
    if (now !== undefined && !isSame(now, found)) throw addressInUse();
    removeSocket(path, found);
  }
  return absolute(path);
}

/** Sets who may connect to the socket at `path`. */
export function setMode(path: string, mode: number): void {
  chmodSync(path, mode);
}

function checkAbstract(): void {
  if (process.platform !== "linux") {
    throw new UnsupportedError(process.platform, "path", "only Linux has socket names without a file");
  }
  const { node, deno, bun } = process.versions;
  if (deno === undefined && bun === undefined && node.startsWith("20.")) {
    throw new UnsupportedError(
      "Node",
      "path",
      "Node 20 cannot listen on a name without a file; Node 21 and later can",
    );
  }
}

/** What lies at `path`; `undefined` for nothing. */
function fileAt(path: string): BigIntStats | undefined {
  return lstatSync(path, { bigint: true, throwIfNoEntry: false });
}

/** The time tells a file from one that was removed before, whose inode it may have. */
function isSame(a: BigIntStats, b: BigIntStats): boolean {
  return a.dev === b.dev && a.ino === b.ino && a.mtimeNs === b.mtimeNs;
}

/**
 * Removes `expected` from `path`. By a rename, which is atomic: where another socket was bound there in between,
 * that one is taken away, recognised, and put back.
 *
 * @throws {Error} with the code `EADDRINUSE` where another was bound
 */
export function removeSocket(path: string, expected: BigIntStats): void {
  const aside = asideOf(path);
  try {
    renameSync(path, aside);
  } catch (error) {
    if (codeOf(error) === "ENOENT") return; // a concurrent start removed it
    throw error;
  }
  if (isSame(fileAt(aside)!, expected)) return rmSync(aside);
  putBack(aside, path);
  throw addressInUse();
}

/**
 * As `close`, which closes a listener on `path`, and removes what lies there, as all runtimes do: but not what
 * another process put there in place of our socket. Called when it listens.
 */
export function closeKeepingOthers(path: string, close: () => void): () => void {
  if (path.startsWith(ABSTRACT)) return close;
  const ours = fileAt(path);
  return () => {
    const found = fileAt(path);
    // While ours is bound, no other has its inode.
    if (found === undefined || (found.dev === ours?.dev && found.ino === ours.ino)) return close();
    const aside = asideOf(path);
    try {
      renameSync(path, aside);
    } catch {
      return close(); // who may not rename it may not remove it
    }
    close();
    putBack(aside, path);
  };
}

/** A unique name in the same folder. */
function asideOf(path: string): string {
  return `${path}.${crypto.randomUUID()}`;
}

/** Gives what lies at `aside` its name again, if that is free: a link never replaces. */
function putBack(aside: string, path: string): void {
  try {
    linkSync(aside, path);
  } catch (error) {
    if (codeOf(error) === "EEXIST") return;
    // Linux lets only its owner link a socket (protected_hardlinks of proc(5)).
    return renameSync(aside, path);
  }
  rmSync(aside);
}

/**
 * Whether a process listens on `path`. Only a refused connection says that none does: a missing permission, or a full
 * backlog, says nothing.
 */
function isListening(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = net.connect({ path });
    socket.once("connect", () => {
      socket.destroy();
      resolve(true);
    });
    socket.once("error", (error) => resolve(!["ECONNREFUSED", "ENOENT"].includes(codeOf(error))));
  });
}

/** Bun calls every error of connect(2) a refusal, that of a full backlog and of another type of socket included. */
const REFUSAL_IS_CERTAIN = !("Bun" in globalThis);

/**
 * Whether a process has bound `file`, and does not listen yet, or cannot be asked. Linux lists the sockets that are bound
 * (unix(7), proc(5)), by the names that they were bound to.
 */
function isBound(path: string, file: BigIntStats): boolean {
  return listedSockets().some(({ name, type, flags, state }) => {
    // Not the connections of a listener, which have its name.
    if (type === STREAM && state === CONNECTED) return false;
    // What listens is for `isListening` to tell.
    if (REFUSAL_IS_CERTAIN && (type !== STREAM || flags === LISTENS)) return false;
    if (!basename(name).startsWith(basename(path))) return false;
    if (!isAbsolute(name)) return basename(name) === basename(path);
    return isNameOf(name, path, file);
  });
}

/** Whether a socket that was bound to `name` may be `file`, which lies at `path`. */
function isNameOf(name: string, path: string, file: BigIntStats): boolean {
  try {
    const there = fileAt(name);
    // HAProxy, for one, binds to path.pid.tmp, and renames that.
    return there === undefined ? name.startsWith(path) : isSame(there, file);
  } catch {
    return false; // in a folder that we may not look into
  }
}

/** A line of /proc/net/unix. */
interface ListedSocket {
  readonly flags: string;
  readonly type: string;
  readonly state: string;
  readonly name: string;
}

/** `SOCK_STREAM`. */
const STREAM = "0001";
/** `SS_CONNECTED`. */
const CONNECTED = "03";
/** `SO_ACCEPTCON`. */
const LISTENS = "00010000";

/** The sockets that have a name; none where the system has no list of them, or it may not be read. */
function listedSockets(): ListedSocket[] {
  let list: string;
  try {
    list = readFileSync("/proc/net/unix", "utf8");
  } catch {
    return [];
  }
  return list.trimEnd().split(/\n(?=[\da-f]+: )/).flatMap((line) => {
    const [, flags, type, state, name] = LISTED.exec(line) ?? [];
    return name === undefined ? [] : { flags, type, state, name };
  });
}

/** Num: RefCount Protocol Flags Type St Inode Path */
const LISTED = /^[\da-f]+: \S+ \S+ (\S+) (\S+) (\S+) +\d+ (.+)$/s;

/** `path` from the root: what it means does not change with the process's folder. As it is where that is too long. */
function absolute(path: string): string {
  if (isAbsolute(path)) return path;
  const whole = `${process.cwd()}/${path}`;
  return Buffer.byteLength(whole) > MAX_BYTES ? path : whole;
}

function addressInUse(): Error {
  return Object.assign(new Error("in use"), { code: "EADDRINUSE" });
}

function codeOf(error: unknown): string {
  return (error as { code?: string }).code ?? "";
}

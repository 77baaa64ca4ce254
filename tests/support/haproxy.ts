/**
 * HAProxy in front of a server: a child process with a folder of its own, without privileges.
 */
import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import net from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { inTime } from "./deadline.ts";

/** Between two attempts to connect to a proxy that has just been started, in milliseconds. */
const NEXT_ATTEMPT = 10;

/** HAProxy, with one thread. It listens on a Unix socket, because for that no free port has to be found. */
export class HAProxy implements AsyncDisposable {
  /** The path of the socket. */
  readonly socket: string;
  /** All that it has logged. */
  log = "";
  readonly #folder: string;
  readonly #child: ChildProcess;
  readonly #over: Promise<void>;

  private constructor(folder: string, configFile: string) {
    this.#folder = folder;
    this.socket = socketIn(folder);
    this.#child = spawn("haproxy", ["-db", "-f", configFile], { stdio: ["ignore", "pipe", "pipe"] });
    this.#child.stdout!.setEncoding("utf8").on("data", (text: string) => this.log += text);
    this.#child.stderr!.setEncoding("utf8").on("data", (text: string) => this.log += text);
    this.#over = new Promise((resolve) => {
      this.#child.on("close", () => resolve());
      this.#child.on("error", (error) => {
        this.log += `cannot run haproxy: ${error.message}\n`;
        resolve();
      });
    });
  }

  /** Starts one; `backend` are lines of configuration that say where requests go. */
  static async start(backend: readonly string[]): Promise<HAProxy> {
    const folder = await mkdtemp(path.join(tmpdir(), "mooring-haproxy-"));
    const configFile = path.join(folder, "haproxy.cfg");
    await writeFile(configFile, config(socketIn(folder), backend));
    const haproxy = new HAProxy(folder, configFile);
    try {
      await inTime(haproxy.#accepts(), "the start of HAProxy");
    } catch (error) {
      await haproxy[Symbol.asyncDispose]();
      throw error;
    }
    return haproxy;
  }

  async #accepts(): Promise<void> {
    let over = false;
    void this.#over.then(() => over = true);
    while (!await canConnect(this.socket)) {
      assert.ok(!over, `HAProxy did not start:\n${this.log}`);
      await delay(NEXT_ATTEMPT);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#child.kill("SIGTERM");
    await inTime(this.#over, "the end of HAProxy");
    await rm(this.#folder, { recursive: true, force: true });
  }
}

function socketIn(folder: string): string {
  return path.join(folder, "proxy.sock");
}

async function canConnect(socketPath: string): Promise<boolean> {
  const socket = net.connect(socketPath);
  try {
    await once(socket, "connect");
    return true;
  } catch {
    return false;
  } finally {
    socket.destroy();
  }
}

function config(socket: string, backend: readonly string[]): string {
  return `
    global
      nbthread 1
      log stdout format raw local0
    defaults
      mode http
      log global
      timeout connect 5s
      timeout client 30s
      timeout server 30s
    listen proxy
      bind unix@${socket}
${backend.map((line) => `      ${line}\n`).join("")}`;
}

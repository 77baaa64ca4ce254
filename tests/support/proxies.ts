/**
 * nginx and HAProxy as they stand in front of servers: each a child process with a folder of its own, without
 * privileges. And a load on them that repeats nothing, so that a request that gets lost is seen.
 */
import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import net from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import process from "node:process";
import { setTimeout as delay } from "node:timers/promises";
import { Client, Pool } from "undici/index.js";
import { serve, type Server } from "../../mod.ts";
import type { NetAddr } from "../../src/api/transport.ts";
import type { ConnectionOptions } from "../../src/api/options.ts";
import { patternBytes } from "./bytes.ts";
import { inTime } from "./deadline.ts";

/** Between two attempts to connect to a proxy that has just been started, in milliseconds. */
const NEXT_ATTEMPT = 10;

/** Lines of a proxy's log that a failure shows. */
const LOG_SHOWN = 20;

/** A proxy. It listens on a Unix socket, because for that no free port has to be found. */
class Proxy implements AsyncDisposable {
  /** All that it has logged. */
  log = "";
  readonly #folder: string;
  readonly #child: ChildProcess;
  readonly #over: Promise<void>;
  #polled: () => void = () => {};

  protected constructor(folder: string, command: string, args: readonly string[]) {
    this.#folder = folder;
    this.#child = spawn(command, args, { stdio: ["ignore", "pipe", "pipe"] });
    this.#child.stdout!.setEncoding("utf8").on("data", (text: string) => this.#pollAgain(text));
    this.#child.stderr!.setEncoding("utf8").on("data", (text: string) => this.#pollAgain(text));
    this.#over = new Promise((resolve) => {
      this.#child.on("close", () => resolve());
      this.#child.on("error", (error) => {
        this.#pollAgain(`cannot run ${command}: ${error.message}\n`);
        resolve();
      });
    });
  }

  /** The path of the socket. */
  get socket(): string {
    return socketIn(this.#folder);
  }

  /** The end of the log. */
  get lastWords(): string {
    return this.log.trimEnd().split("\n").slice(-LOG_SHOWN).join("\n");
  }

  /** Resolves when it accepts; rejects with its log when it ends instead. */
  protected async started(): Promise<this> {
    let over = false;
    void this.#over.then(() => over = true);
    const accepts = async (): Promise<void> => {
      while (!await canConnect(this.socket)) {
        assert.ok(!over, `the proxy did not start:\n${this.lastWords}`);
        await delay(NEXT_ATTEMPT);
      }
    };
    try {
      await inTime(accepts(), "the start of a proxy");
    } catch (error) {
      await this[Symbol.asyncDispose]();
      throw error;
    }
    return this;
  }

  protected signal(name: NodeJS.Signals): void {
    // Deno's `child.kill()` sends one signal and no other.
    process.kill(this.#child.pid!, name);
  }

  /** Resolves when what it logs from now on matches `pattern`. */
  protected async logs(pattern: RegExp): Promise<void> {
    const start = this.log.length;
    while (!pattern.test(this.log.slice(start))) {
      await new Promise<void>((resolve) => this.#polled = resolve);
    }
  }

  #pollAgain(text: string): void {
    this.log += text;
    this.#polled();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#child.kill("SIGTERM");
    await inTime(this.#over, "the end of a proxy");
    await rm(this.#folder, { recursive: true, force: true });
  }
}

export type { Proxy };

function freshFolder(): Promise<string> {
  return mkdtemp(path.join(tmpdir(), "mooring-proxy-"));
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

/** Where nginx sends requests: directives of `upstream {}`, and of `location {}`. */
export interface NginxSetup {
  /** How it asks: by HTTP/1.1, or by HTTP/2 with `grpc_pass`. */
  readonly pass?: "proxy_pass" | "grpc_pass";
  /** Whether its clients speak HTTP/2, and that alone. */
  readonly http2?: boolean;
  readonly upstream: readonly string[];
  readonly location?: readonly string[];
}

/** nginx, with one worker process. */
export class Nginx extends Proxy {
  readonly #configFile: string;

  private constructor(folder: string, configFile: string) {
    super(folder, "nginx", ["-p", folder, "-c", configFile, "-e", "stderr"]);
    this.#configFile = configFile;
  }

  /** Starts one. */
  static async start(setup: NginxSetup): Promise<Nginx> {
    const folder = await freshFolder();
    const configFile = path.join(folder, "nginx.conf");
    await writeFile(configFile, nginxConfig(folder, setup));
    return await new Nginx(folder, configFile).started();
  }

  /** Starts one with what is to stand inside of `http {}`, which listens on the socket instead of `listen 80`. */
  static async startWith(http: string): Promise<Nginx> {
    const folder = await freshFolder();
    const configFile = path.join(folder, "nginx.conf");
    await writeFile(
      configFile,
      nginxFile(folder, http.replace("listen 80;", `listen unix:${socketIn(folder)};`)),
    );
    return await new Nginx(folder, configFile).started();
  }

  /** Hands over to a new worker process. Resolves when the old one accepts no more. */
  async reload(setup: NginxSetup): Promise<void> {
    await writeFile(this.#configFile, nginxConfig(path.dirname(this.#configFile), setup));
    const detached = this.logs(/gracefully shutting down/);
    this.signal("SIGHUP");
    await inTime(detached, "the reload of nginx");
  }
}

const HTTP_1_1 = 'proxy_pass http://mooring; proxy_http_version 1.1; proxy_set_header Connection "";';
const HTTP_2 = "grpc_pass grpc://mooring; grpc_set_header Host $host;";

function nginxConfig(folder: string, { pass, http2, upstream, location = [] }: NginxSetup): string {
  return nginxFile(
    folder,
    `
      client_max_body_size 0;
      keepalive_requests 1000000;
      upstream mooring { ${upstream.map((directive) => `${directive};`).join(" ")} }
      server {
        listen unix:${socketIn(folder)}${http2 ? " http2" : ""};
        location / {
          ${pass === "grpc_pass" ? HTTP_2 : HTTP_1_1}
          ${location.map((directive) => `${directive};`).join(" ")}
        }
      }
    `,
  );
}

function nginxFile(folder: string, http: string): string {
  const temporary = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"];
  return `
    daemon off;
    worker_processes 1;
    ${process.getuid?.() === 0 ? "user root;" : ""} # which the folder belongs to
    pid ${folder}/nginx.pid;
    error_log stderr notice;
    events { worker_connections 4096; }
    http {
      access_log off;
      ${temporary.map((name) => `${name}_temp_path ${folder}/${name};`).join(" ")}
      ${http}
    }
  `;
}

/** HAProxy, with one thread. */
export class HAProxy extends Proxy {
  /** Starts one; `backend` are lines of configuration that say where requests go. */
  static async start(backend: readonly string[]): Promise<HAProxy> {
    const folder = await freshFolder();
    const configFile = path.join(folder, "haproxy.cfg");
    await writeFile(configFile, haproxyConfig(folder, backend));
    return await new HAProxy(folder, "haproxy", ["-db", "-f", configFile]).started();
  }

  /** Starts one with this configuration, which listens on the socket instead of `bind :80`. */
  static async startWith(config: string): Promise<HAProxy> {
    const folder = await freshFolder();
    const configFile = path.join(folder, "haproxy.cfg");
    await writeFile(configFile, config.replace("bind :80", `bind unix@${socketIn(folder)}`));
    return await new HAProxy(folder, "haproxy", ["-db", "-f", configFile]).started();
  }
}

function haproxyConfig(folder: string, backend: readonly string[]): string {
  return `
    global
      nbthread 1
      log stdout format raw local0
    defaults
      mode http
      log global
      option httplog
      option dontlog-normal
      option dontlognull
      timeout connect 5s
      timeout client 30s
      timeout server 30s
    listen proxy
      bind unix@${socketIn(folder)}
      ${backend.join("\n      ")}
  \n`;
}

/** Counts, and tells when it has come far enough. */
class Counter {
  count = 0;
  #waiting: (() => void)[] = [];

  add(): void {
    this.count++;
    for (const wake of this.#waiting.splice(0)) wake();
  }

  async reaches(count: number): Promise<void> {
    while (this.count < count) await new Promise<void>((resolve) => this.#waiting.push(resolve));
  }
}

/** How long a request to `/slow/…` takes, in milliseconds. */
const SLOW = 50;

/** A server that answers a POST with its body, and else with the path. */
export interface EchoServer extends AsyncDisposable {
  readonly server: Server;
  readonly port: number;
  /** Counts requests to `/held/…`, which wait for `letGo()`. */
  readonly held: Counter;
  letGo(): void;
}

/** Starts one. */
export async function echoServer(
  options: Omit<ConnectionOptions, "fetch" | "exchange"> = {},
): Promise<EchoServer> {
  const held = new Counter();
  let letGo!: () => void;
  const released = new Promise<void>((resolve) => letGo = resolve);
  const echo = async (request: Request): Promise<Response> => {
    const { pathname } = new URL(request.url);
    if (pathname.startsWith("/slow/")) await delay(SLOW);
    if (pathname.startsWith("/held/")) {
      held.add();
      await released;
    }
    return new Response(request.method === "POST" ? await request.arrayBuffer() : pathname);
  };
  const server = await serve({ ...options, fetch: echo, port: 0, hostname: "127.0.0.1" });
  return {
    server,
    port: (server.addr as NetAddr).port,
    held,
    letGo,
    [Symbol.asyncDispose]: () => server.close(),
  };
}

/** Asks an `EchoServer` through whatever stands in front of it, and repeats nothing. Half the requests are POSTs. */
export class LoadClient implements AsyncDisposable {
  /** How many requests it has made. */
  requests = 0;
  /** How many of them are over, however they ended. */
  readonly answered: Counter = new Counter();
  /** What went wrong, one line for each request that did not get the right answer. */
  readonly failures: string[] = [];
  readonly #pool: Pool;
  readonly #underWay = new Set<Promise<void>>();

  /** Asks at `origin`, as undici's `options` say. */
  constructor(origin: string, options: Pool.Options) {
    this.#pool = new Pool(origin, options);
  }

  /** A client of a proxy; without `keepAlive` it makes a connection for each request. */
  static of(proxy: Proxy, connections: number, keepAlive = true): LoadClient {
    const pipelining = keepAlive ? 1 : 0;
    return new LoadClient("http://mooring.test", { socketPath: proxy.socket, connections, pipelining });
  }

  /** Makes a request to a path in `folder`, and notes how it ends; never rejects. */
  async ask(folder = "/"): Promise<void> {
    const asking = this.#ask(folder, this.requests++);
    this.#underWay.add(asking);
    await asking;
    this.#underWay.delete(asking);
    this.answered.add();
  }

  /** Resolves when all that is under way now is over. */
  async settled(): Promise<void> {
    await Promise.all(this.#underWay);
  }

  async #ask(folder: string, id: number): Promise<void> {
    const path = folder + id;
    // In no rhythm: a proxy that takes turns would give one server nothing but GETs.
    const method = Math.imul(id, 0x9e37_79b1) >= 0 ? "GET" : "POST";
    const sent = patternBytes(100 + id % 3000, id);
    try {
      const body = method === "POST" ? sent : null;
      const response = await this.#pool.request({ path, method, body });
      const received = new Uint8Array(await response.body.arrayBuffer());
      const expected = method === "POST" ? sent : new TextEncoder().encode(path);
      const right = received.length === expected.length && received.every((byte, i) => byte === expected[i]);
      if (response.statusCode !== 200) this.failures.push(`${method} ${path}: ${response.statusCode}`);
      else if (!right) this.failures.push(`${method} ${path}: a wrong body`);
    } catch (error) {
      this.failures.push(`${method} ${path}: ${error}`);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#pool.destroy();
  }
}

/** Has `workers` ask all the time, every third request a slow one, for as long as `during` takes. */
export async function underLoad<T>(
  client: LoadClient,
  workers: number,
  during: () => Promise<T>,
): Promise<T> {
  let over = false;
  const work = async (): Promise<void> => {
    for (let i = 0; !over; i++) await client.ask(i % 3 === 0 ? "/slow/" : "/");
  };
  const load = Promise.all(Array.from({ length: workers }, work));
  try {
    return await inTime(during(), "what happens under load");
  } finally {
    over = true;
    await load;
  }
}

/** Workers that ask some times, and pause: their requests meet the server about when it ends idle connections. */
export interface PausingLoad {
  readonly workers: number;
  /** Requests between two pauses. */
  readonly asks: number;
  /** In milliseconds. */
  readonly pauses: readonly number[];
  /** By how much less each worker may pause, in milliseconds. */
  readonly jitter: number;
}

/** Runs such a load; `ask` makes a request of a worker. */
export async function pausingLoad(load: PausingLoad, ask: (worker: number) => Promise<void>): Promise<void> {
  const { workers, asks, pauses, jitter } = load;
  const work = async (worker: number): Promise<void> => {
    for (const [round, pause] of pauses.entries()) {
      for (let i = 0; i < asks; i++) await ask(worker);
      // Prime steps spread the workers evenly, and differently each time.
      await delay(pause - (worker * 37 + round * 13) % jitter);
    }
    await ask(worker);
  };
  await inTime(Promise.all(Array.from({ length: workers }, (_, worker) => work(worker))), "the load");
}

/** Prints the counts; fails unless each request was answered rightly, and asked once of one of the servers. */
export function assertNothingLost(
  what: string,
  clients: readonly LoadClient[],
  servers: readonly Server[],
  log = "",
): void {
  const sum = (counts: number[]): number => counts.reduce((a, b) => a + b, 0);
  const made = sum(clients.map(({ requests }) => requests));
  const failures = clients.flatMap((client) => client.failures);
  const stats = servers.map((server) => server.stats());
  const served = stats.map(({ requests }) => requests);
  const reused = sum(stats.map(({ reused }) => reused)) / sum(served);
  console.log(
    `figures: ${what}: ${made} requests, ${served.join(" + ")} served, ${
      sum(stats.map((s) => s.accepted))
    } connections, ` +
      `reuse ratio ${reused.toFixed(3)}, ${failures.length} failures`,
  );
  assert.deepEqual(failures.slice(0, LOG_SHOWN), [], `${failures.length} of ${made} requests failed\n${log}`);
  assert.equal(sum(served), made);
}

/** Fails unless the proxy passes on that the server refuses 5 MB, and goes on to work. */
export async function assert413(proxy: Proxy): Promise<void> {
  // nginx may end the client's connection without a word when it has not read all that was refused.
  const client = new Client("http://mooring.test", { socketPath: proxy.socket, pipelining: 0 });
  try {
    const refused = await client.request({ path: "/", method: "POST", body: new Uint8Array(5_000_000) });
    assert.equal(refused.statusCode, 413, proxy.lastWords);
    assert.match(await refused.body.text(), /^413 /);
    const next = await client.request({ path: "/next", method: "GET" });
    assert.equal(`${next.statusCode} ${await next.body.text()}`, "200 /next");
  } finally {
    await client.destroy();
  }
}

#!/usr/bin/env node
// What servers do where connections are kept, or end, and what they have: the cells of README's table of features that come
// from a run. A client of raw sockets looks. Usage: node scripts/run.mjs bench/features.mjs [server ...]
//
// uWebSockets.js is not on npm. Where it is installed it is asked, too, on the Node that runs this program, which has to be
// one that it supports.

import { Buffer } from "node:buffer";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { createRequire } from "node:module";
import net from "node:net";
import process from "node:process";
import { setTimeout as delay } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { startHelper, stopHelpers } from "./attacks/helper.mjs";
import { pinning, pinSelf } from "./lib/cpu.mjs";
import { locateRuntime, RUNTIMES } from "./lib/roster.mjs";
import { startServer, stopAll } from "./lib/server_process.mjs";

const SERVERS = [
  ["node", "mooring"],
  ["deno", "mooring"],
  ["bun", "mooring"],
  ["node", "node:http"],
  ["node", "@hono/node-server"],
  ["node", "srvx"],
  ["deno", "srvx"],
  ["bun", "srvx"],
  ["deno", "Deno.serve"],
  ["bun", "Bun.serve"],
  ...isInstalled("uWebSockets.js") ? [["node", "uWebSockets.js"]] : [],
];

/** The same servers under attack, in `attacks/servers/`. */
const ATTACKED = {
  "mooring": "mooring.ts",
  "node:http": "node_http.ts",
  "@hono/node-server": "hono_node_server.ts",
  "srvx": "srvx.ts",
  "Deno.serve": "deno_serve.ts",
  "Bun.serve": "bun_serve.ts",
  "uWebSockets.js": "uws.ts",
};
/** Attacks, as `attacks/roster.mjs` names them, and what they do. */
const ATTACKS = {
  "one-byte-chunks": "16 others upload in chunks of one byte",
  "pipelines-read": "4 others pipeline",
};
const ATTACK_SECONDS = 2;

/** What is asked with another option than the defaults, as `features/server.ts` takes it. */
const CONFIGURED = {
  "at a cap of 4 connections": "cap",
  "X-Forwarded-For and -Proto in URL and address": "trust",
  "PROXY v1; v2": "proxy",
};

/** Longer than any of them keeps an idle connection, in milliseconds. */
const IDLE_WATCHED = 90_000;
/** Until a server has said all that it is going to say, in milliseconds. */
const PATIENCE = 3_000;

const get = (target, fields = "") => `GET ${target} HTTP/1.1\r\nHost: a.test\r\n${fields}\r\n`;
const post = (target, length) =>
  `POST ${target} HTTP/1.1\r\nHost: a.test\r\nContent-Length: ${length}\r\n\r\n`;

/** What two implementations may read differently (RFC 9112 §2.2, §3.2, §5, §6). */
const AMBIGUOUS = {
  "Content-Length and Transfer-Encoding":
    "POST / HTTP/1.1\r\nHost: a.test\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
  "two lengths": "POST / HTTP/1.1\r\nHost: a.test\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello",
  "a list of lengths": "POST / HTTP/1.1\r\nHost: a.test\r\nContent-Length: 5, 5\r\n\r\nhello",
  "a length with a sign": "POST / HTTP/1.1\r\nHost: a.test\r\nContent-Length: +5\r\n\r\nhello",
  "a coding before chunked":
    "POST / HTTP/1.1\r\nHost: a.test\r\nTransfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n",
  "Transfer-Encoding in HTTP/1.0":
    "POST / HTTP/1.0\r\nHost: a.test\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
  "a space before the colon": "GET / HTTP/1.1\r\nHost : a.test\r\n\r\n",
  "a folded line": "GET / HTTP/1.1\r\nHost: a.test\r\nA: b\r\n c\r\n\r\n",
  "a bare CR in a value": "GET / HTTP/1.1\r\nHost: a.test\r\nA: b\rc\r\n\r\n",
  "a bare LF at the end of a line": "GET / HTTP/1.1\nHost: a.test\n\n",
  "a NUL in a value": "GET / HTTP/1.1\r\nHost: a.test\r\nA: b\0c\r\n\r\n",
  "no Host": "GET / HTTP/1.1\r\n\r\n",
  "two Hosts": "GET / HTTP/1.1\r\nHost: a.test\r\nHost: b.test\r\n\r\n",
};

/** A connection: all that came, and how it ended. */
class Client {
  text = "";
  ended = "";
  #socket;
  #changed = () => {};

  static async connect(port) {
    const socket = net.connect({ port, host: "127.0.0.1", allowHalfOpen: true });
    await once(socket, "connect");
    return new Client(socket);
  }

  constructor(socket) {
    this.#socket = socket;
    socket.setEncoding("latin1");
    socket.on("data", (text) => this.#note(() => this.text += text));
    socket.on("end", () => this.#note(() => this.ended ||= "end"));
    socket.on("error", (error) => this.#note(() => this.ended ||= error.code));
    socket.on("close", () => this.#note(() => this.ended ||= "close"));
  }

  #note(change) {
    change();
    this.#changed();
  }

  send(data) {
    this.#socket.write(data);
  }

  sendEnd() {
    this.#socket.end();
  }

  /** How many responses have begun. */
  get responses() {
    return this.text.split("HTTP/1.1 ").length - 1;
  }

  /** Waits until this holds, or the connection has ended, or it takes too long. */
  async until(holds, patience = PATIENCE) {
    const end = performance.now() + patience;
    while (!holds() && this.ended === "" && performance.now() < end) {
      await Promise.race([
        new Promise((resolve) => this.#changed = resolve),
        delay(Math.max(0, end - performance.now()), undefined, { ref: false }),
      ]);
    }
    return holds();
  }

  close() {
    this.#socket.destroy();
  }
}

/** The servers that are up, other than those under attack. */
const running = new Set();
process.on("exit", () => {
  for (const child of running) child.kill("SIGKILL");
  stopAll();
  stopHelpers();
});

const yes = (holds) => holds ? "yes" : "no";

/** Each question asks one server, on a port; the last end it. */
const QUESTIONS = {
  async "pipelined requests, asynchronous handler"({ port }) {
    const client = await Client.connect(port);
    client.send(get("/slow") + get("/b") + get("/c"));
    await client.until(() => /\/slow[^]*\/b[^]*\/c$/.test(client.text));
    const order = Array.from(client.text.matchAll(/hello \/(slow|b|c)/g), (match) => match[1]).join(" ");
    client.close();
    return order === "slow b c"
      ? "in order"
      : `${order || "none"} answered, then ${client.ended || "silence"}`;
  },
  async "the connection goes on after a body that was not read"({ port }) {
    const client = await Client.connect(port);
    client.send(post("/", 100_000));
    client.send("x".repeat(100_000));
    await client.until(() => client.responses === 1);
    client.send(get("/next"));
    const next = await client.until(() => client.text.includes("hello /next"));
    client.close();
    return yes(next);
  },
  async "who has half-closed gets the answer"({ port }) {
    const client = await Client.connect(port);
    client.send(get("/late"));
    client.sendEnd();
    const answered = await client.until(() => client.text.includes("hello /late"));
    client.close();
    return yes(answered);
  },
  async "tells how long a connection is kept"({ port }) {
    const client = await Client.connect(port);
    client.send(get("/"));
    await client.until(() => client.text.includes("hello /"));
    client.close();
    return /^keep-alive: (.*)\r$/im.exec(client.text)?.[1] ?? "no";
  },
  async "closes an idle connection after"({ port }) {
    const client = await Client.connect(port);
    client.send(get("/"));
    await client.until(() => client.text.includes("hello /"));
    const start = performance.now();
    await client.until(() => client.ended !== "", IDLE_WATCHED);
    const seconds = (performance.now() - start) / 1000;
    const ended = client.ended;
    client.close();
    return ended === "" ? `not within ${IDLE_WATCHED / 1000} s` : `${seconds.toFixed(1)} s`;
  },
  async "ambiguous requests refused"({ port }) {
    const taken = [];
    for (const [name, text] of Object.entries(AMBIGUOUS)) {
      const client = await Client.connect(port);
      client.send(text);
      await client.until(() => client.responses > 0, 1_000);
      if (/^HTTP\/1\.[01] 200/.test(client.text)) taken.push(name);
      client.close();
    }
    const count = Object.keys(AMBIGUOUS).length;
    return `${count - taken.length} of ${count}${taken.length > 0 ? `; takes ${taken.join(", ")}` : ""}`;
  },
  async "early hints; a request's trailers; a response's trailers"({ port }) {
    const client = await Client.connect(port);
    client.send("POST /trailers HTTP/1.1\r\nHost: a.test\r\nTE: trailers\r\nTrailer: x-in\r\n");
    client.send("Transfer-Encoding: chunked\r\n\r\n1\r\nx\r\n0\r\nx-in: 1\r\n\r\n");
    await client.until(() => /\r\n0\r\n[^]*\r\n\r\n$|done$/.test(client.text), 1_000);
    const { text } = client;
    client.close();
    return [/^HTTP\/1\.1 103 /, /x-in: 1/, /\r\n0\r\nx-out: 1\r\n/i].map((sign) => yes(sign.test(text)))
      .join("; ");
  },
  async "HTTP over a byte stream"({ port }) {
    const client = await Client.connect(port);
    client.send(get("/stream"));
    const answered = await client.until(() => client.text.includes("hello /streamed"), 1_000);
    client.close();
    return yes(answered);
  },
  async "at a cap of 4 connections"({ port }) {
    const clients = [];
    for (let i = 0; i < 5; i++) {
      const client = await Client.connect(port);
      client.send(get(`/${i}`));
      await client.until(() => client.responses > 0, 1_000);
      clients.push(client);
    }
    await delay(100);
    const states = clients.map(({ responses, ended }) =>
      `${responses > 0 ? "answered" : "not answered"}${ended ? `, then ${ended}` : ""}`
    );
    for (const client of clients) client.close();
    return `the first: ${states[0]}; the fifth: ${states[4]}`;
  },
  async "X-Forwarded-For and -Proto in URL and address"({ port }) {
    const client = await Client.connect(port);
    client.send(get("/seen", "X-Forwarded-Proto: https\r\nX-Forwarded-For: 192.0.2.1\r\n"));
    const body = () => client.text.split("\r\n\r\n")[1] ?? "";
    await client.until(() => /\/seen \S+/.test(body()), 1_000);
    client.close();
    return `${yes(body().includes("https://"))}; ${yes(body().includes("192.0.2.1"))}`;
  },
  async "PROXY v1; v2"({ port }) {
    const v2 = "\r\n\r\n\0\r\nQUIT\n\x21\x11\0\x0c\xc0\0\x02\x01\x7f\0\0\x01\x1f\x90\x1f\x91";
    const taken = [];
    for (const header of ["PROXY TCP4 192.0.2.1 127.0.0.1 8080 8081\r\n", v2]) {
      const client = await Client.connect(port);
      client.send(Buffer.from(header + get("/seen"), "latin1"));
      taken.push(yes(await client.until(() => client.text.includes("192.0.2.1"), 1_000)));
      client.close();
    }
    return taken.join("; ");
  },
  async "HTTP/2 where the client begins with it"({ port }) {
    const client = await Client.connect(port);
    client.send("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0");
    const settings = await client.until(() => /^\0[^]{2}\x04/.test(client.text), 1_000);
    client.close();
    return yes(settings);
  },
  async "shutdown: a response under way; says `Connection: close`; a request that was on its way"(server) {
    const busy = await Client.connect(server.port);
    const idle = await Client.connect(server.port);
    idle.send(get("/"));
    await idle.until(() => idle.text.includes("hello /"));
    busy.send(get("/slow"));
    await delay(50);
    const before = idle.text.length;
    await server.stop();
    idle.send(get("/race")); // what a client sends that has not heard of the end yet
    const raced = idle.until(() => idle.text.slice(before).includes("hello /race"));
    const answered = await busy.until(() => busy.text.includes("hello /slow"));
    const told = /^connection: close\r$/im.test(busy.text);
    const result = `${yes(answered)}; ${yes(told)}; ${yes(await raced)}`;
    busy.close();
    idle.close();
    return result;
  },
};

function isInstalled(name) {
  try {
    return createRequire(import.meta.url).resolve(name) !== "";
  } catch {
    return false;
  }
}

/** The binary of a server, and its flags. */
function runtimeOf([runtime, name]) {
  return name === "uWebSockets.js" ? { ...RUNTIMES.node, path: process.execPath } : locateRuntime(runtime);
}

async function start(spec, option = "") {
  const { path, flags } = runtimeOf(spec);
  const root = fileURLToPath(new URL("..", import.meta.url));
  const probe = net.createServer().listen(0, "127.0.0.1");
  await once(probe, "listening");
  const { port } = probe.address();
  probe.close();
  await once(probe, "close");
  const file = fileURLToPath(new URL("features/server.ts", import.meta.url));
  const child = spawn(path, [...flags, file, spec[1], String(port), option], {
    cwd: root,
    stdio: ["ignore", "pipe", "inherit"],
  });
  running.add(child);
  let printed = "";
  let changed = () => {};
  child.stdout.setEncoding("utf8").on("data", (text) => {
    printed += text;
    changed();
  });
  const says = async (line) => {
    while (!printed.includes(line)) await new Promise((resolve) => changed = resolve);
  };
  await says("ready");
  return {
    port,
    async stop() {
      child.kill("SIGTERM");
      await says("stopping");
    },
    end() {
      child.kill("SIGKILL");
      running.delete(child);
    },
  };
}

/** What good clients get while others attack, with the server on a core of its own. */
async function attacked(spec, attack, pins) {
  const file = () => `../attacks/servers/${ATTACKED[spec[1]]}`;
  const server = await startServer(runtimeOf(spec), { file }, pins.server, ["plain"]);
  const good = await startHelper("good_clients.mjs", server.port, ATTACK_SECONDS, "plain");
  const attacker = await startHelper("attacker.mjs", attack, server.port);
  const { kept, fresh } = await good.run();
  await attacker.stop();
  server.stop();
  const count = kept.requests + fresh.requests;
  const failed = [kept, fresh].flatMap(({ failures }) => Object.values(failures)).reduce((a, b) => a + b, 0);
  const reasons = [...new Set([kept, fresh].flatMap(({ failures }) => Object.keys(failures)))].join(", ");
  return failed > 0
    ? `${failed} of ${count} not answered: ${reasons}`
    : `all answered, p99 ${Math.max(kept.p99, fresh.p99).toFixed()} ms`;
}

const wanted = process.argv.slice(2);
const chosen = SERVERS.filter(([, name]) => wanted.length === 0 || wanted.includes(name));
const results = await Promise.all(chosen.map(async (spec) => {
  const server = await start(spec);
  const idle = QUESTIONS["closes an idle connection after"](server);
  const cells = {};
  for (const [question, ask] of Object.entries(QUESTIONS)) {
    if (question.startsWith("shutdown")) cells["closes an idle connection after"] = await idle;
    if (question in cells || question.startsWith("closes")) continue;
    const asked = question in CONFIGURED ? await start(spec, CONFIGURED[question]) : server;
    cells[question] = await ask(asked);
    if (asked !== server) asked.end();
  }
  server.end();
  return [spec, cells];
}));
const questions = Object.keys(QUESTIONS);

const pins = pinning();
pinSelf(pins.client); // its children are attackers and good clients
for (const [attack, what] of Object.entries(ATTACKS)) {
  const question = `good clients while ${what}`;
  questions.push(question);
  for (const [spec, cells] of results) cells[question] = await attacked(spec, attack, pins);
}

for (const question of questions) {
  console.log(`\n${question}`);
  for (const [[runtime, name], cells] of results) {
    console.log(`  ${`${name}, ${runtime}`.padEnd(26)} ${cells[question]}`);
  }
}
process.exit();

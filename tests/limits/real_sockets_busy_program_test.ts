/**
 * What lies in the sockets while the program is busy is heard before anything expires.
 */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { existsSync, writeFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { runtimes } from "../../scripts/tools.mjs";
import { patternBytes } from "../support/bytes.ts";
import { inTime } from "../support/deadline.ts";
import { get, post } from "../support/memory.ts";
import { test } from "./limit_tests.ts";
import { HEAD, UNREAD } from "./real_sockets_requests.ts";
import { SLACK, until } from "./real_sockets_times.ts";
import { open, testThatEveryServerHasEnded } from "./site.ts";

/**
 * A program: opens connections of several kinds, and sends the first part of each. As soon as there is a file
 * \`go\` it sends the second parts, or reads what it has left unread so far, and makes a file \`done\` once it
 * has. Prints the outcomes of each kind, counted: the status that followed, or how else it ended.
 */
const LATE_CLIENT = `
  const { existsSync, writeFileSync } = require("node:fs");
  const { connect } = require("node:net");
  const { port, go, done, kinds } = JSON.parse(process.argv[1]);
  const outcomes = {};
  const lates = [];
  let open = 0;
  const ended = (kind, outcome) => {
    outcomes[kind] ??= {};
    outcomes[kind][outcome] = (outcomes[kind][outcome] ?? 0) + 1;
    if (--open === 0) console.log(JSON.stringify(outcomes));
  };
  for (const [kind, { count, first, second, unread }] of Object.entries(kinds)) {
    for (let i = 0; i < count; i++, open++) {
      const socket = connect({ port, host: "127.0.0.1", noDelay: true }, () => socket.write(first));
      let received = 0;
      let text = "";
      let late = false;
      socket.on("data", (data) => {
        received += data.length;
        if (late && unread === undefined) text += data.toString("latin1");
        if (received >= unread) socket.destroy();
      });
      socket.on("error", () => {});
      socket.on("close", () => {
        if (unread !== undefined) ended(kind, received >= unread ? "complete" : "cut off");
        else ended(kind, text.slice(0, 12) || "closed");
      });
      if (unread !== undefined) socket.pause();
      lates.push((tell) => {
        late = true;
        if (unread === undefined) return socket.end(second, tell);
        socket.resume();
        socket.once("data", tell);
      });
    }
  }
  const waiting = setInterval(() => {
    if (!existsSync(go)) return;
    clearInterval(waiting);
    let left = lates.length;
    for (const late of lates) late(() => --left === 0 && writeFileSync(done, ""));
  }, 10);
`;

/** More connections than a runtime may look at in one turn. */
const MANY = 200;
for (const where of ["a timer", "a handler"]) {
  const title = `what came while the program was busy in ${where} is heard before anything expires`;
  test(title, async () => {
    const time = 1_500;
    const folder = await mkdtemp(path.join(tmpdir(), "mooring-late-"));
    const [go, done] = [path.join(folder, "go"), path.join(folder, "done")];
    /** Lets the other program go on, and the time of everything run out. */
    const beBusy = (): void => {
      writeFileSync(go, "");
      const start = performance.now();
      const lasts = (): number => performance.now() - start;
      while (lasts() < time + 400 || (!existsSync(done) && lasts() < time + SLACK));
    };
    await using site = await open({
      idleTimeout: time,
      idleTimeoutBuffer: 0,
      headerTimeout: time,
      requestTimeout: time,
      minBodyRate: { bytesPerSecond: 100, grace: time },
      writeTimeout: time,
      async exchange(x) {
        if (x.target === "/busy") beBusy();
        if (x.hasBody) await x.bytes();
        x.respond(200, {}, x.target === "/large" ? UNREAD : "");
      },
    });
    const body = new TextDecoder().decode(patternBytes(1_000).map((byte) => 0x61 + byte % 26));
    const kinds = {
      idle: { count: MANY, first: get(), second: get() },
      "first head": { count: 10, first: HEAD[0], second: HEAD[1] },
      "later head": { count: 10, first: get() + HEAD[0], second: HEAD[1] },
      body: { count: 10, first: post(body).slice(0, -900), second: body.slice(-900) },
      response: { count: 1, first: get("/large"), unread: UNREAD.length },
    };
    const visitor = await site.visit();
    const client = spawn(runtimes.node, [
      "-e",
      LATE_CLIENT,
      JSON.stringify({ port: site.port, go, done, kinds }),
    ]);
    try {
      let printed = "";
      client.stdout.on("data", (data) => printed += data);
      const exited = new Promise((resolve) => client.on("close", resolve));
      await until(() => {
        const { active, idle } = site.server.stats();
        return active === 31 && idle === MANY;
      });
      if (where === "a timer") setTimeout(beBusy, 0);
      else assert.equal((await visitor.ask(get("/busy"))).status, 200);
      await inTime(exited, "the other program's end");
      assert.ok(existsSync(done), "the other program was in time");
      assert.deepEqual(JSON.parse(printed), {
        idle: { "HTTP/1.1 200": MANY },
        "first head": { "HTTP/1.1 200": 10 },
        "later head": { "HTTP/1.1 200": 10 },
        body: { "HTTP/1.1 200": 10 },
        response: { complete: 1 },
      });
    } finally {
      client.kill("SIGKILL");
      await rm(folder, { recursive: true });
    }
  });
}

testThatEveryServerHasEnded();

/**
 * Runs a program of the documentation in a process of its own, on the runtime that runs the test, as a reader would: what it
 * listens on and where it writes are its own, so that many can run at a time.
 */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { mkdir, rm, writeFile } from "node:fs/promises";
import net from "node:net";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { AUTHORITY, FIRST } from "../support/certificates.ts";
import { Child } from "../support/child.ts";
import { inTime } from "../support/deadline.ts";
import { run as execute } from "../support/tools.ts";
import { pattern, type Program } from "./blocks.ts";
import { repository as root } from "../support/repository.ts";

/** What a program prints when it is up: put at its end, or before the loop that it ends with. */
const READY = "-- ready --";
/** Ports below those that systems give to clients. */
const PORTS = { first: 20_000, count: 12_000 };
/** The ports that the documentation shows. */
const SHOWN_PORTS = ["8000", "8001", "8443"];

const inBuild = import.meta.url.endsWith(".js");
const home = new URL("../../", import.meta.url);
const scratch = new URL(`${inBuild ? "" : ".build/"}docs/${process.pid}/`, home);
/** Where Node keeps what it has compiled, since all of them load the same. */
const compiled = fileURLToPath(new URL("../compiled/", scratch));
let programs = 0;

/** Runs a program, sends the requests that its page shows, and compares what is printed. */
export async function runProgram({ block, commands, prints }: Program): Promise<void> {
  const folder = new URL(`${++programs}/`, scratch);
  await mkdir(folder, { recursive: true });
  const ports = new Map<string, string>();
  for (const shown of SHOWN_PORTS) {
    if (block.text.includes(shown)) ports.set(shown, String(await freePort()));
  }
  /** A text of the page with this run's ports and paths. */
  const here = (text: string): string =>
    text.replace(/\b\d{4}\b/g, (port) => ports.get(port) ?? port)
      .replaceAll("/tmp/", fileURLToPath(folder));
  try {
    await Promise.all([
      writeFile(new URL("cert.pem", folder), FIRST.cert),
      writeFile(new URL("key.pem", folder), FIRST.key),
      writeFile(new URL("ca.pem", folder), AUTHORITY),
    ]);
    const file = new URL(inBuild ? "program.mjs" : "program.ts", folder);
    await writeFile(file, await runnable(here(block.text)));
    const flags = "Deno" in globalThis ? ["run", "-A", "--no-check"] : [];
    await using child = await Child.start(
      [process.execPath, ...flags, fileURLToPath(file)],
      { NO_PROXY: "*", NODE_COMPILE_CACHE: compiled },
      fileURLToPath(folder),
    );
    await child.prints(new RegExp(`^${READY}$`, "m"));
    for (const { command, prints } of commands) {
      const env = `export PID=${child.pid} NO_PROXY='*'; cd '${fileURLToPath(folder)}';`;
      const { stdout, stderr } = await execute("sh", ["-c", `${env} ${here(command)}`]);
      const printed = stdout.toString().replaceAll("\r\n", "\n");
      assert.ok(
        pattern(here(prints)).test(printed),
        `$ ${command}\nprinted\n${printed}${stderr}\nand the page shows\n${prints}\n${child.log}${child.errors}`,
      );
    }
    if (prints !== undefined) await child.prints(pattern(here(prints), `(?:${READY}\n)?`));
    // A program that goes on is ended here; one that has ended must have ended well.
    await assertWell(child);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function assertWell(child: Child): Promise<void> {
  const over = await Promise.race([child.ended, Promise.resolve("running")]);
  assert.ok(
    over === "running" || over === 0 || over === "SIGTERM",
    `it ended with ${over}:\n${child.errors}`,
  );
  const complaints = child.errors.split("\n").filter((line) =>
    !/^$|ExperimentalWarning|--trace-warnings/.test(line)
  );
  assert.deepEqual(complaints, []);
}

/** The program with this checkout in the place of the package. */
async function runnable(text: string): Promise<string> {
  const { exports } = JSON.parse(readFileSync(new URL("deno.json", root), "utf8"));
  const local = text.replace(/"@mooring\/http(\/\w+)?"/g, (_, subpath = "") => {
    const module: string = exports[`.${subpath}`];
    return JSON.stringify(new URL(inBuild ? module.replace(/\.ts$/, ".js") : module, home).href);
  });
  const ready = `console.log(${JSON.stringify(READY)});\n`;
  const loop = local.search(/^for await/m);
  const whole = loop < 0 ? `${local}${ready}` : `${local.slice(0, loop)}${ready}${local.slice(loop)}`;
  if (!inBuild) return whole;
  const { transform } = await import("esbuild");
  return (await transform(whole, { loader: "ts", format: "esm", target: "node20" })).code;
}

/** A port that nothing else has: not of this process either, since each is tried once. */
let nextPort = PORTS.first + process.pid % PORTS.count;
async function freePort(): Promise<number> {
  for (;;) {
    const port = nextPort++;
    if (nextPort >= PORTS.first + PORTS.count) nextPort = PORTS.first;
    if (await inTime(canListen(port), `port ${port}`)) return port;
  }
}

function canListen(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = net.createServer();
    server.on("error", () => resolve(false));
    server.listen(port, () => server.close(() => resolve(true)));
  });
}

/** Removes what all of them have left. */
export async function cleanUp(): Promise<void> {
  await rm(scratch, { recursive: true, force: true });
}

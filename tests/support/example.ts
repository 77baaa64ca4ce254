/**
 * Runs an example in a process of its own, on the runtime that runs the test, on a port that the system chooses.
 */
import assert from "node:assert/strict";
import { type ChildProcessByStdio, spawn } from "node:child_process";
import { once } from "node:events";
import process from "node:process";
import type { Readable } from "node:stream";
import { fileURLToPath } from "node:url";
import { inTime } from "./deadline.ts";

/** Starts `examples/<name>`; resolves when it listens. Ends, if need be, with `await using`. */
export async function startExample(
  name: string,
  port = 0,
  env: Record<string, string> = {},
): Promise<Example> {
  // .ts, or .js where the tests were built.
  const extension = import.meta.url.slice(import.meta.url.lastIndexOf("."));
  const file = fileURLToPath(new URL(`../../examples/${name}${extension}`, import.meta.url));
  const flags = "Deno" in globalThis ? ["run", "-A", "--no-check"] : [];
  const child = spawn(process.execPath, [...flags, file], {
    env: { ...process.env, PORT: String(port), ...env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  const example = new Example(child);
  try {
    await inTime(example.listens, `the start of examples/${name}`);
  } catch (error) {
    await example[Symbol.asyncDispose]();
    throw error;
  }
  return example;
}

/** An example that runs. */
export class Example implements AsyncDisposable {
  /** What it printed. */
  log = "";
  /** What it complained about. */
  errors = "";
  /** Where it listens, once it does. */
  port = 0;
  /** Resolves when it has printed its first lines. */
  readonly listens: Promise<void>;
  readonly #child: ChildProcessByStdio<null, Readable, Readable>;
  readonly #closed: Promise<unknown[]>;
  #runs = true;

  constructor(child: ChildProcessByStdio<null, Readable, Readable>) {
    this.#child = child;
    this.#closed = once(child, "close");
    child.on("exit", () => this.#runs = false);
    child.stderr.setEncoding("utf8").on("data", (text: string) => this.errors += text);
    this.listens = new Promise((resolve, reject) => {
      child.stdout.setEncoding("utf8").on("data", (text: string) => {
        this.log += text;
        const told = /listens on http:\/\/localhost:(\d+)\/\nTry: .*\n/.exec(this.log);
        if (told === null) return;
        this.port = Number(told[1]);
        resolve();
      });
      this.#closed.then(() => reject(new Error(`it ended:\n${this.log}${this.errors}`)), reject);
    });
  }

  /** The URL of a path. */
  url(path: string): string {
    return `http://127.0.0.1:${this.port}${path}`;
  }

  /** Ends it by SIGTERM; fails unless it ended well, and cut off nobody. */
  async stop(): Promise<void> {
    this.#child.kill("SIGTERM");
    const [code] = await inTime(this.#closed, "the end of the example");
    // Deno names the signal that was sent even where the process ended by itself.
    assert.ok(code === 0 || code === null, `exit code ${code}`);
    assert.match(
      this.log,
      /Shutting down\n(?:.*\n)*Connections: \d+ finished, \d+ were idle, 0 were cut off\n$/,
    );
    assert.equal(this.errors, "");
  }

  async [Symbol.asyncDispose](): Promise<void> {
    // Not by `kill()`: Deno's does nothing any more once a signal was sent.
    if (this.#runs) process.kill(this.#child.pid!, "SIGKILL");
    await this.#closed;
  }
}

/**
 * Programs that go on while a test does something with them: each tells that it is ready with its first line.
 */
import { type ChildProcessByStdio, spawn } from "node:child_process";
import process from "node:process";
import type { Readable } from "node:stream";
import { fileURLToPath } from "node:url";
import { inTime } from "./deadline.ts";

/** The command that runs a file of this repository, named without its ending, on the runtime that runs the test. */
export function command(name: string): string[] {
  const flags = "Deno" in globalThis ? ["run", "-A", "--no-check"] : [];
  return [process.execPath, ...flags, fileOf(name)];
}

/** Where a file of this repository is, named without its ending: .ts, or .js where the tests were built. */
export function fileOf(name: string): string {
  const extension = import.meta.url.slice(import.meta.url.lastIndexOf("."));
  return fileURLToPath(new URL(`../../${name}${extension}`, import.meta.url));
}

/** A program; `await using` ends it at last. */
export class Child implements AsyncDisposable {
  /** All that it printed so far. */
  log = "";
  /** All that it complained about so far. */
  errors = "";
  /** Its exit code, or the signal that ended it, once all its output was read. */
  readonly ended: Promise<number | string | null>;
  readonly #child: ChildProcessByStdio<null, Readable, Readable>;
  #printed: () => void = () => {};

  private constructor([file, ...args]: readonly string[], env: Record<string, string>, cwd?: string) {
    const child = spawn(file, args, {
      ...cwd === undefined ? {} : { cwd },
      env: { ...process.env, NO_COLOR: "1", ...env },
      stdio: ["ignore", "pipe", "pipe"],
    });
    this.#child = child;
    child.stdout.setEncoding("utf8").on("data", (text: string) => {
      this.log += text;
      this.#printed();
    });
    child.stderr.setEncoding("utf8").on("data", (text: string) => this.errors += text);
    this.ended = new Promise((resolve, reject) => {
      child.on("error", (cause) => reject(new Error(`cannot run ${file}`, { cause })));
      child.on("close", (code, signal) => resolve(code ?? signal));
    });
    this.ended.then(() => this.#printed(), () => this.#printed());
  }

  /** Starts a program, in the folder `cwd`; resolves once it has printed a line. */
  static async start(
    command: readonly string[],
    env: Record<string, string> = {},
    cwd?: string,
  ): Promise<Child> {
    const child = new Child(command, env, cwd);
    try {
      await child.prints(/\n/);
      return child;
    } catch (error) {
      await child[Symbol.asyncDispose]();
      throw error;
    }
  }

  /** Its process id. */
  get pid(): number {
    return this.#child.pid!;
  }

  /** The lines that it printed as JSON. */
  // deno-lint-ignore no-explicit-any
  get told(): any[] {
    return this.log.trim().split("\n").map((line) => JSON.parse(line));
  }

  /** Resolves once what it printed matches; rejects when it ends before. */
  async prints(pattern: RegExp): Promise<RegExpExecArray> {
    let over = false;
    this.ended.then(() => over = true, () => over = true);
    for (;;) {
      const match = pattern.exec(this.log);
      if (match !== null) return match;
      if (over) throw new Error(`it ended before it printed ${pattern}:\n${this.log}${this.errors}`);
      await inTime(new Promise<void>((resolve) => this.#printed = resolve), `${pattern} in ${this.log}`);
      await null; // for `over`
    }
  }

  kill(signal: "SIGTERM" | "SIGKILL" = "SIGTERM"): void {
    this.#child.kill(signal);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.kill("SIGKILL");
    await this.ended.catch(() => {});
  }
}

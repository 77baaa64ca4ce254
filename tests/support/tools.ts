/**
 * Programs that tests run: which there are, and what they print. Never synchronously, because the server
 * that they talk to is in this process.
 */
import { Buffer } from "node:buffer";
import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import path from "node:path";
import process from "node:process";
import { inTime } from "./deadline.ts";

/** What a program did. */
export interface Finished {
  readonly code: number | null;
  readonly stdout: Buffer;
  readonly stderr: string;
}

/** Test options: skips where `tool` is missing, except on CI, where the test then fails to start it. */
export function needs(tool: string): { skip: string | false } {
  const folders = (process.env.PATH ?? "").split(path.delimiter);
  const found = folders.some((folder) => existsSync(path.join(folder, tool)));
  return { skip: found || process.env.CI ? false : `${tool} is not installed` };
}

/** Runs a program to its end; `input` is what it reads. */
export async function run(command: string, args: readonly string[], input?: Uint8Array): Promise<Finished> {
  const child = spawn(command, args, { env: { ...process.env, NO_COLOR: "1" } });
  const stdout: Buffer[] = [];
  let stderr = "";
  child.stdout.on("data", (chunk: Buffer) => stdout.push(chunk));
  child.stderr.setEncoding("utf8").on("data", (text: string) => stderr += text);
  const finished = new Promise<Finished>((resolve, reject) => {
    child.on("error", (cause) => reject(new Error(`cannot run ${command}`, { cause })));
    child.on("close", (code) => resolve({ code, stdout: Buffer.concat(stdout), stderr }));
  });
  child.stdin.on("error", () => {}); // it may end without reading everything
  child.stdin.end(input);
  try {
    return await inTime(finished, `${command} ${args.join(" ")}`);
  } finally {
    child.kill("SIGKILL");
  }
}

/** As `run`, and fails unless the program says that it did well. Answers with what it printed. */
export async function runWell(
  command: string,
  args: readonly string[],
  input?: Uint8Array,
): Promise<Finished> {
  const finished = await run(command, args, input);
  if (finished.code === 0) return finished;
  throw new Error(
    `${command} ${args.join(" ")}: exit code ${finished.code}\n${finished.stdout}${finished.stderr}`,
  );
}

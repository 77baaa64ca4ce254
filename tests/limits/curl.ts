/**
 * curl, for limits that it must live with.
 */
import { runWell } from "../support/tools.ts";

/** Runs curl silently; it reads no settings of this user's. Answers the body and, behind it, the status. */
export async function curl(...args: string[]): Promise<string> {
  const quiet = ["--disable", "--silent", "--show-error", "--noproxy", "*", "--write-out", "%{http_code}"];
  return String((await runWell("curl", [...quiet, ...args])).stdout);
}

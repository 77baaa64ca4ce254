/** Where the repository is. */
import { existsSync } from "node:fs";

/** Its root; the tests that are built for Node 20 lie one directory further down. */
export const repository: URL = ["../../", "../../../"].map((path) => new URL(path, import.meta.url))
  .find((directory) => existsSync(new URL("deno.json", directory)))!;

// The raw loop of bench/servers with a constant from a file, since an argument cannot be as long. Arguments: the port,
// the file, and "close" where each connection is to end with its answer.

import { readFileSync } from "node:fs";
import process from "node:process";

const runtime = "Bun" in globalThis ? "bun" : "Deno" in globalThis ? "deno" : "node";
process.argv[3] = readFileSync(process.argv[3], "base64");
await import(`../../servers/raw_${runtime}.ts`);

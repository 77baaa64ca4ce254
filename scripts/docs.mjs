// Writes the API reference, of everything that users import, to docs/api/.
import { spawnSync } from "node:child_process";
import { entryPoints, install, root, runtimes } from "./tools.mjs";

install();
const args = ["doc", "--quiet", "--html", "--name=Mooring", "--output=docs/api", ...entryPoints()];
const { status } = spawnSync(runtimes.deno, args, { cwd: root, stdio: "inherit" });
process.exit(status ?? 1);

/**
 * `bun --hot`: an edited program takes the place of what it was, on the same port. The program runs on Bun, whatever
 * runs the test.
 */
import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import test from "node:test";
import { runtimes } from "../../scripts/tools.mjs";
import { connectTcp } from "../support/byte_streams.ts";
import { Child, fileOf } from "../support/child.ts";
import { get } from "../support/memory.ts";
import { WireClient } from "../support/wire_client.ts";

/** How a program serves: `handler` on `port`. */
const WAYS = {
  "serve()": (handler: string, port: string) => `await serve({ port: ${port}, ${handler} })`,
  "createServer()": (handler: string, port: string) =>
    `createServer({ ${handler} }); await server.listen({ port: ${port} })`,
};

for (const [name, way] of Object.entries(WAYS)) {
  const program = (word: string, port: string): string => `
    import { createServer, serve } from ${JSON.stringify(fileOf("mod"))};
    const server = ${way(`fetch: () => new Response(${JSON.stringify(word)})`, port)};
    console.log(${JSON.stringify(word)}, server.addr.port);
  `;

  test(`an edited handler answers under bun --hot, on the same port (${name})`, async () => {
    const folder = mkdtempSync(join(tmpdir(), "mooring-hot-"));
    try {
      const file = join(folder, "program.ts");
      writeFileSync(file, program("one", "globalThis.port ?? 0"));
      await using child = await Child.start([runtimes.bun, "--hot", file]);
      const [, port] = await child.prints(/one ([0-9]+)/);
      using kept = new WireClient(await connectTcp(Number(port)));
      await kept.send(get("/"));
      assert.equal((await kept.response()).text, "one");
      for (const word of ["two", "three"]) {
        writeFileSync(file, program(word, port));
        await child.prints(new RegExp(`${word} ${port}`));
        using client = new WireClient(await connectTcp(Number(port)));
        await client.send(get("/"));
        assert.equal((await client.response()).text, word);
      }
      await kept.assertEnd();
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });
}

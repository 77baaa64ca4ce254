/** The script that keeps the layers apart: what it takes, and what it complains about. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { checkEdges, checkMentions } from "../../scripts/check_imports.mjs";

const LAYERS = [
  ["api"],
  ["options", "wire"],
  ["core"],
  ["http1", "fetch"],
  ["server", "websocket"],
  ["adapters"],
];

/** The complaints about one import. */
function about(from: string, to: string): string[] {
  return checkEdges([{ from, to, line: 3 }]);
}

test("checkEdges() lets a layer import from itself and from those below, and from no other", () => {
  for (const [rank, folders] of LAYERS.entries()) {
    for (const from of folders) {
      for (const [other, names] of LAYERS.entries()) {
        for (const to of names) {
          const complaints = about(`src/${from}/a.ts`, `src/${to}/b.ts`);
          const isAllowed = other < rank || from === to;
          assert.equal(complaints.length, isAllowed ? 0 : 1, `${from} → ${to}`);
          if (!isAllowed) {
            assert.match(complaints[0], /^src\/\w+\/a\.ts:3 imports src\/\w+\/b\.ts, against the arrow/);
          }
        }
      }
    }
  }
});

test("checkEdges() lets entry points import everything, and nothing import them", () => {
  for (const to of ["src/api/a.ts", "src/adapters/a.ts"]) assert.deepEqual(about("mod.ts", to), []);
  assert.match(about("src/adapters/a.ts", "mod.ts")[0], /against the arrow/);
});

test("checkEdges() lets adapters alone import a runtime's modules, and one of them a package", () => {
  assert.deepEqual(about("src/adapters/a.ts", "node:net"), []);
  assert.match(about("src/server/a.ts", "node:net")[0], /imports node:net/);
  assert.match(about("src/adapters/a.ts", "npm:ws")[0], /imports npm:ws/);
  assert.deepEqual(about("src/adapters/ws.ts", "npm:ws"), []);
  assert.match(about("src/adapters/ws.ts", "npm:undici")[0], /imports npm:undici/);
});

test("checkEdges() complains of a folder that is no layer, and of files outside of the folders", () => {
  assert.match(about("src/other/a.ts", "src/wire/b.ts")[0], /is in no layer/);
  assert.match(about("src/a.ts", "src/wire/b.ts")[0], /is in no layer/);
});

test("checkEdges() complains once of each circle, of type imports too", () => {
  const edge = (from: string, to: string, line = 1) => ({
    from: `src/core/${from}.ts`,
    to: `src/core/${to}.ts`,
    line,
  });
  assert.deepEqual(checkEdges([edge("a", "b"), edge("b", "c"), edge("a", "c")]), []);
  const [complaint, ...others] = checkEdges([edge("a", "b"), edge("b", "c"), edge("c", "a", 7)]);
  assert.deepEqual(others, []);
  assert.match(complaint, /^src\/core\/c\.ts:7 closes a circle: src\/core\/a\.ts → .* → src\/core\/a\.ts$/);
});

test("checkMentions() complains of a runtime outside of adapters, and not in comments", () => {
  for (
    const line of [
      "Deno.listen()",
      "const { Bun } = globalThis;",
      'if ("Deno" in globalThis)',
      "process.exit()",
    ]
  ) {
    assert.match(
      checkMentions("src/core/a.ts", `\n${line}`)[0],
      /^src\/core\/a\.ts:2 mentions a runtime/,
      line,
    );
    assert.deepEqual(checkMentions("src/adapters/a.ts", line), [], line);
    assert.deepEqual(
      checkMentions("src/core/a.ts", `// ${line}\n/** ${line} */\n/*\n ${line}\n*/`),
      [],
      line,
    );
  }
  assert.deepEqual(checkMentions("src/core/a.ts", "this.#process(bytes); isProcessing"), []);
});

test("checkMentions() complains of HTTP/1.1 syntax outside of http1", () => {
  for (
    const line of [
      '"HTTP/1.1 200 OK"',
      "`HTTP/1.1 ${status}`",
      '"connection: close"',
      '"transfer-encoding: chunked"',
    ]
  ) {
    assert.match(
      checkMentions("src/core/a.ts", line)[0],
      /^src\/core\/a\.ts:1 knows HTTP\/1\.1 syntax/,
      line,
    );
    assert.deepEqual(checkMentions("src/http1/a.ts", line), [], line);
  }
});

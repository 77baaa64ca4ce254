/** checkImports(): what the import-direction check lets pass and what it complains about, on made-up modules. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { checkImports } from "../../scripts/check_imports.mjs";

/** The complaints about these modules, in which every file of a layer that is imported exists. */
function complaintsOf(files: Record<string, string>): string[] {
  return checkImports(new Map(Object.entries(files)));
}

/** Asserts that this source is in order at `file`. */
function assertPasses(file: string, source: string): void {
  assert.deepEqual(complaintsOf({ [file]: source }), [], source);
}

/** Asserts that this source draws one complaint at `file`, about line `line`, that says this. */
function assertComplains(file: string, source: string, line: number, why: RegExp): void {
  const complaints = complaintsOf({ [file]: source });
  assert.equal(complaints.length, 1, `${complaints.join("\n")}\nabout: ${source}`);
  assert.ok(complaints[0].startsWith(`${file}:${line} `), complaints[0]);
  assert.match(complaints[0], why);
}

const LAYERS = ["protocol", "connection", "fetch", "server", "adapters"];

test("checkImports() lets each layer import itself and those below, and no other", () => {
  for (const [from, layer] of LAYERS.entries()) {
    for (const [to, other] of LAYERS.entries()) {
      const source = `import { x } from "../${other}/x.ts";`;
      if (to <= from) assertPasses(`src/${layer}/a.ts`, source);
      else {assertComplains(
          `src/${layer}/a.ts`,
          source,
          1,
          /against the arrow adapters → server → fetch → connection → protocol/,
        );}
    }
  }
});

test("checkImports() finds imports of every form", () => {
  for (
    const statement of [
      'import "../server/x.ts";',
      "import '../server/x.ts';",
      'import{a}from"../server/x.ts"',
      'import a from "../server/x.ts";',
      'import * as a from "../server/x.ts";',
      'import a, { b } from "../server/x.ts";',
      'import {\n  a,\n  b as c,\n} from "../server/x.ts";',
      'import type { A } from "../server/x.ts";',
      'import { type A } from "../server/x.ts";',
      'export { a } from "../server/x.ts";',
      'export * from "../server/x.ts";',
      'export * as a from "../server/x.ts";',
      'export type { A } from "../server/x.ts";',
      'const a = await import("../server/x.ts");',
      "const a = import(`../server/x.ts`);",
      'import(\n  "../server/x.ts"\n)',
      'type A = import("../server/x.ts").A;',
    ]
  ) {
    const complaints = complaintsOf({ "src/protocol/a.ts": statement });
    assert.equal(complaints.length, 1, statement);
    assert.match(complaints[0], /imports src\/server\/x\.ts against the arrow/);
  }
});

test("checkImports() tells the line of the import", () => {
  assertComplains(
    "src/fetch/a.ts",
    '// a\n\n/* b\n*/ import { x }\n  from "../server/x.ts";\n',
    5,
    /against the arrow/,
  );
});

test("checkImports() looks at no comment, text or regular expression", () => {
  for (
    const source of [
      '// import "../server/x.ts"; Deno.serve',
      '/* import "../server/x.ts"; Bun */',
      '/** import { a } from "../server/x.ts" */',
      "const a = 'import \"../server/x.ts\"';",
      'const a = `import "../server/x.ts"; Deno ${b} process`;',
      "const a = `${`a Deno`} ${{ b: 1 }.b} Bun`;",
      'const a = /import "..\\/server\\/x.ts" Deno [/"] Bun/;',
      'const a = "it\\"s Deno";',
      "const Denon = 1, aBun = 2, processed = 3, $Deno = 4;",
      "class A { #process = 1; }",
    ]
  ) {
    assertPasses("src/protocol/a.ts", source);
  }
});

test("checkImports() goes on behind comments, texts and regular expressions", () => {
  for (
    const before of [
      "// don't",
      "/* don't */",
      "const a = 'x\\'';",
      'const a = "//";',
      "const a = `${`}`}`;",
      "const a = /[\"'`]/;",
      "const a = b / c / d;",
      "const a = (b) / 2;",
    ]
  ) {
    assertComplains("src/protocol/a.ts", `${before}\nimport "../server/x.ts";`, 2, /against the arrow/);
  }
});

test("checkImports() tells where a text, a template or a regular expression ends", () => {
  for (
    const source of [
      "`a ${b}${c} Deno ${d} Deno`",
      "`${/Deno/}`",
      "`${`${a} Deno`} Deno`",
      "`\\` Deno`",
      "'\\' Deno'",
      "a = /[/] Deno/",
      "a = /[\\]/] Deno/",
      "a = /\\/ Deno/",
      "return /a Deno/",
    ]
  ) {
    assertPasses("src/protocol/a.ts", source);
  }
  for (
    const source of [
      "/**/ Deno",
      "/***/Deno",
      "'' + Deno",
      "'\\\\' + Deno",
      "`` + Deno",
      "`\\\\` + Deno",
      "`\\`` + Deno",
      "`${a}` + Deno",
      "`${{ a: {} }, Deno}`",
      "`${`${a}`, Deno}`",
      "`${{}}` + Deno",
      "a = /x/.test(Deno)",
      "a = /[/]/, Deno",
      "a = /[a]/, Deno",
      "a = /\\\\/, Deno",
      "a / Deno / 1",
      "(a) / Deno / 1",
      "'a' / Deno / 1",
      "`a` / Deno / 1",
      "/a/ / Deno / 1",
    ]
  ) {
    assertComplains("src/protocol/a.ts", source, 1, /mentions Deno/);
  }
});

test("checkImports() keeps node: modules to the adapters", () => {
  assertPasses("src/adapters/node.ts", 'import net from "node:net";');
  for (const file of ["src/server/a.ts", "src/protocol/a.ts", "src/options.ts", "mod.ts"]) {
    assertComplains(file, 'import net from "node:net";', 1, /"node:net".*only src\/adapters\/ may/);
  }
});

test("checkImports() keeps runtimes to the adapters, and their choice to mod.ts", () => {
  for (
    const mention of [
      "Deno.serve()",
      "globalThis.Deno",
      "Bun.version",
      "process.env",
      'globalThis["Deno"]',
      "`${Bun}`",
    ]
  ) {
    assertPasses("src/adapters/a.ts", mention);
    assertPasses("mod.ts", mention);
    for (const file of ["src/protocol/a.ts", "src/server/a.ts", "src/options.ts"]) {
      assertComplains(file, mention, 1, /mentions (Deno|Bun|process): only src\/adapters\/ may/);
    }
  }
});

test("checkImports() takes nothing at run time but the platform", () => {
  for (
    const specifier of ["undici", "npm:undici", "jsr:@std/io", "https://a.example/x.ts", "@std/assert", "net"]
  ) {
    for (const file of ["src/adapters/a.ts", "src/fetch/a.ts", "mod.ts"]) {
      assertComplains(file, `import x from "${specifier}";`, 1, /nothing at run time but the platform/);
    }
  }
});

test("checkImports() lets files directly in src/ be imported by all, and import types alone", () => {
  for (const layer of LAYERS) assertPasses(`src/${layer}/a.ts`, 'import { x } from "../errors.ts";');
  assertPasses("src/options.ts", 'import { x } from "./errors.ts";');
  assertPasses(
    "src/options.ts",
    'import type { X } from "./server/x.ts";\nexport type { Y } from "./fetch/y.ts";',
  );
  for (
    const source of [
      'import { X } from "./server/x.ts";',
      'import { type X } from "./server/x.ts";',
      'import "./protocol/x.ts";',
    ]
  ) {
    assertComplains("src/options.ts", source, 1, /takes only types from a layer/);
  }
});

test("checkImports() lets mod.ts and global.ts import everything in src/, and nobody import them", () => {
  for (const entry of ["mod.ts", "global.ts"]) {
    for (const layer of LAYERS) assertPasses(entry, `export * from "./src/${layer}/x.ts";`);
    assertPasses(entry, 'export * from "./src/options.ts";');
    for (const [file, up] of [["src/server/a.ts", "../../"], ["src/options.ts", "../"]]) {
      const why = new RegExp(`imports ${entry.replace(".", "\\.")}, which is outside the layers`);
      assertComplains(file, `import "${up}${entry}";`, 1, why);
    }
  }
  assertComplains("global.ts", 'import "./mod.ts";', 1, /imports mod\.ts, which is outside the layers/);
});

test("checkImports() complains about what lies outside the layers", () => {
  assertComplains("src/server/a.ts", 'import "../../tests/x.ts";', 1, /outside the layers/);
  assertComplains("src/server/a.ts", 'import "../util/x.ts";', 1, /outside the layers/);
  assertComplains("mod.ts", 'import "./scripts/x.ts";', 1, /outside the layers/);
  assertComplains("src/util/a.ts", 'import "../errors.ts";', 1, /is in no layer/);
});

test("checkImports() finds a cycle, once", () => {
  const complaints = complaintsOf({
    "src/fetch/a.ts": 'import "./b.ts";',
    "src/fetch/b.ts": '\nexport * from "./c.ts";',
    "src/fetch/c.ts": '\n\nawait import("./a.ts");',
    "src/fetch/d.ts": 'import "./a.ts";',
  });
  assert.deepEqual(complaints, [
    "src/fetch/c.ts:3 closes an import cycle: src/fetch/a.ts → src/fetch/b.ts → src/fetch/c.ts → src/fetch/a.ts",
  ]);
});

test("checkImports() finds a module that imports itself", () => {
  assertComplains("src/fetch/a.ts", 'import "./a.ts";', 1, /cycle: src\/fetch\/a\.ts → src\/fetch\/a\.ts/);
});

test("checkImports() takes a circle through types for none, and two ways to one module neither", () => {
  assert.deepEqual(
    complaintsOf({
      "src/fetch/a.ts": 'import { b } from "./b.ts";\nimport { c } from "./c.ts";',
      "src/fetch/b.ts": 'import type { A } from "./a.ts";\nimport { c } from "./c.ts";',
      "src/fetch/c.ts": "export const c = 1;",
    }),
    [],
  );
});

test("checkImports() sorts its complaints by file and line", () => {
  const complaints = complaintsOf({
    "src/protocol/b.ts": 'import "../fetch/x.ts";\nDeno;\nimport "../server/x.ts";',
    "src/protocol/a.ts": "Bun;",
  });
  assert.deepEqual(complaints.map((complaint) => complaint.split(" ")[0]), [
    "src/protocol/a.ts:1",
    "src/protocol/b.ts:1",
    "src/protocol/b.ts:2",
    "src/protocol/b.ts:3",
  ]);
});

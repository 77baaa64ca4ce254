/** Options are told of in three places: the table that checks them, the types that users see, and docs/options.md. All agree. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { optionsTable, tablePlace } from "../../scripts/options_table.mjs";
import type { OptionScope } from "../../src/options/rows.ts";
import { optionNames, ROWS, toldOptions } from "../../src/options/table.ts";
import { repository as root } from "../support/repository.ts";

const types = ["options.ts", "timeouts.ts", "http2.ts"]
  .map((file) => readFileSync(new URL(`src/api/${file}`, root), "utf8")).join("");

const INTERFACES: readonly [OptionScope, string][] = [
  ["connection", "ConnectionOptions"],
  ["server", "ServerOptions"],
  ["listen", "ListenOptions"],
  ["serve", "ServeOptions"],
];

/** The interfaces of options that are objects of numbers. */
const OBJECTS: readonly [option: string, name: string][] = [
  ["minBodyRate", "MinBodyRate"],
  ["drainBody", "DrainBody"],
  ["http2", "Http2Options"],
];

/** What a row may say; `as const` keeps TypeScript from telling a misspelt name. */
const PROPERTIES = ["kind", "scope", "default", "min", "max", "members", "doc"];

/** The members of an interface of `src/api/`: their names, and their docstrings. */
function membersOf(name: string): Map<string, string> {
  const body = new RegExp(`^export interface ${name}\\b[^{]*\\{\n([^]*?)^\\}`, "m").exec(types)![1];
  const names = Array.from(body.matchAll(/^ {2}readonly (\w+)\?:/gm), (match) => match[1]);
  const docs = body.matchAll(/\/\*\*((?:(?!\*\/)[^])*)\*\/\n {2}readonly (\w+)\?:/g);
  const members = new Map(Array.from(docs, ([, doc, name]) => [name, doc]));
  assert.deepEqual([...members.keys()], names, `each member of ${name} has a docstring`);
  return members;
}

/** The cells of a Markdown table, without its rule, and however its columns are padded. */
function cells(markdown: string): string[][] {
  return markdown.trim().split("\n").filter((line) => !/^[|\s:-]+$/.test(line))
    .map((line) => line.split(/(?<!\\)\|/).slice(1, -1).map((cell) => cell.trim()));
}

test("optionsTable() writes a row for each option: the default as people read it, and who takes the option", () => {
  const table = optionsTable([
    ["a", { scope: "connection", default: 134_217_728, doc: "of a thing" }],
    ["b", { scope: "server", default: true, doc: "with | in it" }],
    ["c", { scope: "listen", default: "`{ d: 1 }`", doc: "c" }],
    ["e", { scope: "serve", doc: "e" }],
  ]);
  assert.deepEqual(cells(table), [
    ["option", "default", "meaning"],
    ["`a`", "134 217 728", "of a thing"],
    ["`b`", "`true`", "`serve()` and `createServer()` only; with \\| in it"],
    ["`c`", "`{ d: 1 }`", "`serve()` and `listen()` only; c"],
    ["`e`", "", "`serve()` only; e"],
  ]);
});

test("docs/options.md has the table of options that scripts/options_table.mjs makes", () => {
  const page = readFileSync(new URL("docs/options.md", root), "utf8");
  const { start, end } = tablePlace(page);
  assert.deepEqual(
    cells(page.slice(start, end)),
    cells(optionsTable(toldOptions())),
    "run: node scripts/run.mjs scripts/options_table.mjs",
  );
});

test("the options of each scope are the members of its interface", () => {
  for (const [scope, name] of INTERFACES) {
    assert.deepEqual([...membersOf(name).keys()].sort(), optionNames(scope).sort(), name);
  }
});

test("a default that is a number, a boolean or an object is the same in the docstring and in the table", () => {
  const told = INTERFACES.flatMap(([, name]) => [...membersOf(name)]);
  let compared = 0;
  for (const [name, doc] of told) {
    const text = /@default (.*)/.exec(doc)?.[1];
    if (text === undefined || !/^([\d._]+$|true$|false$|\{)/.test(text)) continue;
    const value = toldOptions().get(name)!.default;
    const expected = typeof value === "string" ? value.replaceAll("`", "") : String(value);
    assert.equal(text.startsWith("{") ? text : text.replaceAll("_", ""), expected, name);
    compared++;
  }
  assert.ok(compared >= 20, `only ${compared} were found`);
});

test("a default of a member is the same in the docstring and in the table", () => {
  for (const [option, name] of OBJECTS) {
    const told = Array.from(
      membersOf(name),
      ([member, doc]) => `${member}: ${/@default (.*)/.exec(doc)![1]}`,
    );
    const { default: value, doc } = toldOptions().get(option)!;
    const text = `\`{ ${told.join(", ")} }\``;
    // An option that is off by default tells along with its meaning what it is when it is on.
    if (value === false) assert.ok(doc.endsWith(`; \`true\` is ${text}`), `${name}: ${doc}`);
    else assert.equal(text, value, name);
  }
});

test("a row of the table says nothing that the checks do not know", () => {
  for (const [name, row] of ROWS) {
    const members = row.kind === "object" ? Object.values(row.members) : [];
    const said = [row, ...members].flatMap((part) => Object.keys(part));
    assert.deepEqual(said.filter((property) => !PROPERTIES.includes(property)), [], name);
  }
});

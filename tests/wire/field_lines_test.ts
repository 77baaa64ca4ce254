/** FieldLines: the lines of fields of every form, compared and taken over; and whose the shared ones are. */
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import type { Fields } from "../../src/api/exchange.ts";
import { FieldLines, linesOf, releaseLines } from "../../src/wire/field_lines.ts";

type Line = readonly [string, string];

function linesIn(lines: FieldLines): Line[] {
  return Array.from({ length: lines.count }, (_, i) => [lines.names[i], lines.values[i]]);
}

function read(fields: Fields | undefined): FieldLines {
  const lines = new FieldLines();
  lines.read(fields);
  return lines;
}

// read().

test("FieldLines.read() takes an object's fields in order, an array as a line each", () => {
  const fields = { b: "1", A: ["2", "3"], none: undefined, empty: [], n: 0, "x-y": "", "content-length": 5 };
  assert.deepEqual(linesIn(read(fields)), [
    ["b", "1"],
    ["A", "2"],
    ["A", "3"],
    ["n", "0"],
    ["x-y", ""],
    ["content-length", "5"],
  ]);
});

test("FieldLines.read() takes pairs, and whatever gives them, once", () => {
  const pairs: Line[] = [["a", "1"], ["B", "2"], ["a", "3"]];
  let asked = 0;
  const generator = function* (): Generator<Line> {
    asked++;
    yield* pairs;
  };
  for (const fields of [pairs, new Set(pairs), generator(), { [Symbol.iterator]: generator }]) {
    assert.deepEqual(linesIn(read(fields)), pairs);
  }
  assert.deepEqual(linesIn(read(new Map([["a", "1"], ["B", "2"]]))), [["a", "1"], ["B", "2"]]);
  assert.equal(asked, 2);
});

test("FieldLines.read() takes Headers as they iterate", () => {
  const headers = new Headers([["X-B", "1"], ["Set-Cookie", "a=1"], ["x-a", "2"], ["set-cookie", "b=2"]]);
  headers.append("x-a", "3");
  assert.deepEqual(linesIn(read(headers)), [...headers]);
  assert.equal(linesIn(read(headers)).length, 4);
  assert.deepEqual(linesIn(read(new Headers())), []);
});

test("FieldLines.read() takes nothing of nothing", () => {
  for (const fields of [undefined, {}, [], new Map<string, string>(), { a: undefined, b: [] }]) {
    assert.deepEqual(linesIn(read(fields)), []);
  }
});

test("FieldLines.read() makes strings of values that are none, each once", () => {
  let asked = 0;
  const value = {
    toString() {
      asked++;
      return `text ${asked}`;
    },
  };
  const untyped = (fields: unknown): Line[] => linesIn(read(fields as Fields));
  assert.deepEqual(untyped({ a: true, b: 1.5, c: [1, null], d: null, e: value }), [
    ["a", "true"],
    ["b", "1.5"],
    ["c", "1"],
    ["c", "null"],
    ["d", "null"],
    ["e", "text 1"],
  ]);
  assert.deepEqual(untyped([["a", 1], ["b", value]]), [["a", "1"], ["b", "text 2"]]);
  assert.equal(asked, 2);
});

test("FieldLines.read() replaces the lines before", () => {
  const lines = read({ a: "1", b: "2", c: "3" });
  lines.read([["d", "4"]]);
  assert.deepEqual(linesIn(lines), [["d", "4"]]);
  lines.read({ e: "5", f: ["6", "7"], g: "8" });
  assert.deepEqual(linesIn(lines), [["e", "5"], ["f", "6"], ["f", "7"], ["g", "8"]]);
  lines.read(undefined);
  assert.deepEqual(linesIn(lines), []);
});

// equals() and assign().

const DIFFERENT: readonly (readonly Line[])[] = [
  [],
  [["a", "1"]],
  [["a", "2"]],
  [["a", ""]],
  [["A", "1"]],
  [["b", "1"]],
  [["a1", ""]],
  [["", "a1"]],
  [["a", "1"], ["b", "2"]],
  [["b", "2"], ["a", "1"]],
  [["a", "2"], ["b", "1"]],
  [["a", "1"], ["b", "2"], ["a", "1"]],
  [["a", "1"], ["a", "1"]],
  [["a", "1, 1"]],
  [["a", "1"], ["b", "2 "]],
];

test("FieldLines.equals() takes lines for equal that are so in number, order, names and values", () => {
  for (const one of DIFFERENT) {
    for (const other of DIFFERENT) {
      assert.equal(read(one).equals(read(other)), one === other, JSON.stringify([one, other]));
    }
  }
  assert.equal(read({ a: ["1", "2"] }).equals(read([["a", "1"], ["a", "2"]])), true);
  assert.equal(read({ a: 5, b: undefined }).equals(read(new Map([["a", "5"]]))), true);
  assert.equal(read(new Headers({ a: "1" })).equals(read({ a: "1" })), true);
});

test("FieldLines.equals() looks at no lines from before", () => {
  const used = read([["a", "1"], ["b", "2"], ["c", "3"]]);
  used.read([["a", "1"]]);
  assert.equal(used.equals(read([["a", "1"]])), true);
  assert.equal(read([["a", "1"]]).equals(used), true);
  assert.equal(used.equals(read([["a", "1"], ["b", "2"]])), false);
});

test("FieldLines.assign() takes over a copy", () => {
  const copy = read([["old", "0"], ["older", "0"], ["oldest", "0"]]);
  const original = read([["a", "1"], ["b", "2"]]);
  copy.assign(original);
  assert.deepEqual(linesIn(copy), [["a", "1"], ["b", "2"]]);
  original.read([["x", "9"], ["y", "9"], ["z", "9"]]);
  assert.deepEqual(linesIn(copy), [["a", "1"], ["b", "2"]]);
  assert.equal(copy.equals(original), false);
  copy.assign(original);
  assert.equal(copy.equals(original), true);
  copy.assign(read(undefined));
  assert.deepEqual(linesIn(copy), []);
});

test("FieldLines tells pairs from all others, whatever it held before", () => {
  const line = fc.tuple(fc.constantFrom("a", "A", "b", ""), fc.constantFrom("1", "2", "", "11"));
  const list = fc.array(line, { maxLength: 4 });
  fc.assert(fc.property(fc.array(list, { minLength: 2, maxLength: 6 }), (lists) => {
    const used = new FieldLines();
    const last = new FieldLines();
    for (let i = 0; i < lists.length; i++) {
      used.read(lists[i]);
      assert.deepEqual(linesIn(used), lists[i]);
      const same = i > 0 && JSON.stringify(lists[i]) === JSON.stringify(lists[i - 1]);
      assert.equal(used.equals(last), i > 0 ? same : lists[i].length === 0);
      assert.equal(last.equals(used), used.equals(last));
      last.assign(used);
    }
  }));
});

// linesOf() and releaseLines().

test("linesOf() gives the lines that were given back, with what is in the fields now", () => {
  const lines = linesOf({ a: "1", b: "2" });
  releaseLines(lines);
  const again = linesOf({ c: "3" });
  assert.equal(again, lines);
  assert.deepEqual(linesIn(again), [["c", "3"]]);
  releaseLines(again);
});

test("linesOf() gives nobody lines that another holds", () => {
  const first = linesOf({ a: "1" });
  const second = linesOf({ b: "2", c: "3" });
  const third = linesOf(undefined);
  assert.equal(new Set([first, second, third]).size, 3);
  assert.deepEqual([first, second, third].map(linesIn), [[["a", "1"]], [["b", "2"], ["c", "3"]], []]);
  for (const lines of [first, second, third]) releaseLines(lines);
  const [fourth, fifth] = [linesOf({ d: "4" }), linesOf({ e: "5" })];
  assert.notEqual(fourth, fifth);
  assert.deepEqual([fourth, fifth].map(linesIn), [[["d", "4"]], [["e", "5"]]]);
  releaseLines(fourth);
});

/** Fields of every form in which reading them calls `meanwhile`, between the line a and the line b. */
function interrupted(meanwhile: () => string): readonly Fields[] {
  const value = { toString: meanwhile } as unknown as string;
  return [
    {
      a: "1",
      get b() {
        return meanwhile();
      },
    },
    { a: "1", b: value },
    { a: "1", b: [value] },
    [["a", "1"], ["b", value]],
    (function* (): Generator<Line> {
      yield ["a", "1"];
      yield ["b", meanwhile()];
    })(),
  ];
}

test("linesOf() may be called while it reads, and mixes nothing", () => {
  const meanwhile = (): string => {
    const lines = linesOf([["x", "8"], ["y", "9"], ["z", "10"]]);
    const deeper = linesOf({ w: "7" });
    assert.deepEqual([lines, deeper].map(linesIn), [[["x", "8"], ["y", "9"], ["z", "10"]], [["w", "7"]]]);
    releaseLines(deeper);
    releaseLines(lines);
    return "2";
  };
  for (const fields of interrupted(meanwhile)) {
    const lines = linesOf(fields);
    assert.deepEqual(linesIn(lines), [["a", "1"], ["b", "2"]]);
    releaseLines(lines);
  }
});

test("linesOf() gives good lines after one that threw, at any depth", () => {
  const fails = (): never => {
    throw new TypeError("from the user");
  };
  const containsFailure = (): string => {
    for (const fields of interrupted(fails)) assert.throws(() => linesOf(fields), /from the user/);
    return "2";
  };
  for (const fields of interrupted(fails)) {
    assert.throws(() => linesOf(fields), /from the user/);
    const lines = linesOf({ c: "3" });
    assert.deepEqual(linesIn(lines), [["c", "3"]]);
    releaseLines(lines);
  }
  for (const fields of interrupted(containsFailure)) {
    const lines = linesOf(fields);
    assert.deepEqual(linesIn(lines), [["a", "1"], ["b", "2"]]);
    releaseLines(lines);
  }
});

/**
 * What the Fetch standard says of `Headers`, asked of headers that came as field lines.
 */
import { inspect } from "node:util";

/** A name, the lines that the headers are made of, and what to ask of them. */
export interface HeadersCase {
  readonly name: string;
  readonly lines: readonly (readonly [name: string, value: string])[];
  readonly run: (headers: Headers) => unknown;
}

type Run = HeadersCase["run"];

const LINES = [
  ["B-b", "2"],
  ["A", "1"],
  ["Set-Cookie", "x=1"],
  ["Accept", "text/html"],
  ["a", "3"],
  ["set-cookie", "y=2; Path=/"],
  ["Empty", ""],
] as const;

/** Arguments that TypeScript does not let through. */
type Loose = Record<string, (...args: unknown[]) => unknown>;
const loose = (headers: Headers): Loose => headers as unknown as Loose;

const READS: Record<string, Run> = {
  "get() takes a name in any case": (h) => [h.get("b-b"), h.get("B-B"), h.get("b-B")],
  "get() joins lines in their order": (h) => [h.get("a"), h.get("set-cookie")],
  "get() of none is null": (h) => [h.get("none"), h.get("toString"), h.get("__proto__")],
  "get() of an empty value is empty": (h) => h.get("empty"),
  "has() takes a name in any case": (h) => [h.has("A"), h.has("accept"), h.has("empty"), h.has("none")],
  "get() and has() refuse what is no name": (h) =>
    ["", " ", "a b", "a:", ":a", "a\r\n", "ä", "€", "a,b", "(a)", "a ", " a", "\0"]
      .flatMap((name) => [() => h.get(name), () => h.has(name)]),
  "get() and has() take every token": (h) =>
    ["!#$%&'*+-.^_`|~", "0", "a.b", "A_B"].flatMap((name) => [() => h.get(name), () => h.has(name)]),
  "get() and has() convert what is no string": (h) =>
    [undefined, null, 5, {}, ["a"], true].flatMap((name) => [
      () => loose(h).get(name),
      () => loose(h).has(name),
    ]),
  "get() and has() need an argument": (h) => [() => loose(h).get(), () => loose(h).has()],
  "getSetCookie() has each line": (h) => [h.getSetCookie(), Object.is(h.getSetCookie(), h.getSetCookie())],
  "iteration is sorted, in lower case, each Set-Cookie apart": (h) => [...h],
  "entries(), keys() and values() go the same way": (h) => [
    [...h.entries()],
    [...h.keys()],
    [...h.values()],
  ],
  "entries() is what iterates": (h) => h.entries === h[Symbol.iterator],
  "iterators have a next(), and iterate": (h) => {
    const keys = h.keys();
    return [keys.next(), [...keys], keys.next(), keys[Symbol.iterator]() === keys];
  },
  "iterators say what they are": (h) => Object.prototype.toString.call(h.entries()),
  "forEach() gives value, name, headers and this": (h) => {
    const calls: unknown[] = [];
    h.forEach(function (this: unknown, value, name, headers) {
      calls.push([value, name, headers === h, this]);
    }, "this");
    return calls;
  },
  "forEach() needs a function": (h) => [() => loose(h).forEach(), () => loose(h).forEach({})],
  "Object.fromEntries() takes them": (h) => Object.fromEntries(h),
  "new Headers() takes them": (h) => new Headers(h),
  "new Headers() takes their pairs": (h) => new Headers([...h]),
  "new Headers() takes their record": (h) => new Headers(Object.fromEntries(h)),
  "a copy is on its own": (h) => {
    const copy = new Headers(h);
    copy.set("a", "copy");
    h.set("b-b", "changed");
    return [copy, h];
  },
  "new Response() takes them": (h) => new Response(null, { headers: h }).headers,
  "new Request() takes them": (h) => new Request("http://b.example/", { headers: h }).headers,
  "Array.from() and Map take them": (h) => [Array.from(h), [...new Map(h)]],
};

const CHANGES: Record<string, Run> = {
  "set() replaces every line": (h) => [h.set("A", "new"), h.get("a"), h],
  "set() adds a name": (h) => [h.set("New", "1"), h.get("new"), h],
  "set() replaces all Set-Cookie": (h) => [h.set("set-cookie", "z=1"), h.getSetCookie(), h],
  "append() adds to a name": (h) => [h.append("a", "4"), h.get("a"), h],
  "append() adds a Set-Cookie": (h) => [h.append("Set-Cookie", "z=1"), h.getSetCookie(), h],
  "append() to an empty value joins": (h) => [h.append("empty", "x"), h.get("empty")],
  "append() of an empty value joins": (h) => [h.append("a", ""), h.get("a")],
  "delete() takes every line": (h) => [h.delete("A"), h.has("a"), h.get("a"), h],
  "delete() takes all Set-Cookie": (h) => [h.delete("set-cookie"), h.getSetCookie(), h],
  "delete() of none does nothing": (h) => [h.delete("none"), h],
  "changes are seen by every way of reading": (h) => [
    h.get("a"),
    h.has("b-b"),
    () => h.set("a", "x"),
    () => h.delete("b-b"),
    () => [h.get("A"), h.has("b-b"), [...h.keys()], h.getSetCookie()],
  ],
  "set() and append() trim white space": (h) => {
    for (const value of [" a", "a ", "\ta\t", "\r\na\r\n", " a b ", " ", "\t\n"]) h.append("t", value);
    h.set("s", " \t a \r\n");
    return [h.get("t"), h.get("s")];
  },
  "set() and append() refuse what is no value": (h) =>
    ["a\0b", "a\nb", "a\rb", "a\r\nb", "€", "\ud800"]
      .flatMap((value) => [() => h.set("a", value), () => h.append("a", value)]),
  "a refused value changes nothing": (h) => [() => h.set("a", "x\0"), () => h.append("n", "\n\0\n"), () => h],
  "set() takes other controls and Latin-1": (h) => [
    () => (h.set("c", "a\x01\x7fb"), h.get("c")),
    () => (h.set("l", "grün"), h.get("l")),
  ],
  "set(), append() and delete() refuse what is no name": (h) =>
    ["", "a b", "a:", "ä", "€", "a\n", "\0"]
      .flatMap((name) => [() => h.set(name, "1"), () => h.append(name, "1"), () => h.delete(name)]),
  "set() and append() convert what is no string": (h) => [
    () => loose(h).set("n", 5),
    () => loose(h).append("n", null),
    () => loose(h).append("n", undefined),
    () => loose(h).append("n", ["a", "b"]),
    () => h.get("n"),
    () => loose(h).set(7, "seven"),
    () => h.get("7"),
    () => loose(h).set("n", Symbol("s")),
  ],
  "set(), append() and delete() need their arguments": (h) => [
    () => loose(h).set("a"),
    () => loose(h).append("a"),
    () => loose(h).delete(),
  ],
  "iteration sees what is deleted meanwhile": (h) => {
    const seen: string[] = [];
    for (const [name] of h) {
      seen.push(name);
      if (name === "a") h.delete("b-b");
    }
    return seen;
  },
  "iteration sees what is added meanwhile": (h) => {
    const seen: string[] = [];
    for (const [name] of h) {
      seen.push(name);
      if (name === "a") h.append("z", "1");
    }
    return seen;
  },
  "what browsers forbid is set all the same": (h) => {
    for (const name of ["cookie", "host", "content-length", "date", "origin", "sec-x", "proxy-x", "te"]) {
      h.set(name, "1");
    }
    return h;
  },
};

const OBJECT: Record<string, Run> = {
  "they are a Headers": (h) => [h instanceof Headers, Object.prototype.toString.call(h), String(h)],
  "their constructor is Headers": (h) => [h.constructor === Headers, h.constructor.name],
  "their prototype is that of Headers": (h) => Object.getPrototypeOf(h) === Headers.prototype,
  "they have no keys of their own": (h) => [Object.keys(h), JSON.stringify({ ...h })],
  "JSON.stringify() of them": (h) => JSON.stringify(h),
  "for-in finds the members": (h) => {
    const keys: string[] = [];
    for (const key in h) keys.push(key);
    return keys.sort();
  },
  "they have every member that the platform's have": (h) =>
    Reflect.ownKeys(Headers.prototype).filter((key) => !(key in h)),
  "structuredClone() of them": (h) => structuredClone(h),
  "they can be inspected": (h) => inspect(h).includes("text/html"),
  "properties of yours stay on them": (h) => Object.assign(h, { mine: 1 }).mine,
  "a method that is taken off fails": (h) => [() => (0, h.get)("a"), () => h.get.call({} as Headers, "a")],
  "Headers.prototype.get.call() takes them": (h) => Headers.prototype.get.call(h, "a"),
  "Headers.prototype.has.call() takes them": (h) => Headers.prototype.has.call(h, "a"),
  "Headers.prototype.set.call() takes them": (h) => [
    () => Headers.prototype.set.call(h, "a", "new"),
    () => h.get("a"),
  ],
};

const OTHER_LINES: readonly HeadersCase[] = [
  { name: "no lines at all", lines: [], run: (h) => [[...h], h.getSetCookie(), h.get("set-cookie")] },
  {
    name: "values in Latin-1, and UTF-8 as its bytes",
    lines: [["l", "gr\xfcn"], ["u", "gr\xc3\xbcn"], ["o", "\x80\xff"]],
    run: (h) => [h.get("l"), h.get("u"), h.get("o"), [...h]],
  },
  {
    name: "white space around and inside of values",
    lines: [["a", "  b  c\t "], ["d", "\te"], ["f", ""], ["g", "   "]],
    run: (h) => [h.get("a"), h.get("d"), h.get("f"), h.get("g"), [...h]],
  },
  {
    name: "lines of Cookie",
    lines: [["Cookie", "a=1"], ["cookie", "b=2"]],
    run: (h) => [h.get("cookie"), h.has("cookie")],
  },
  {
    name: "lines of Cookie, iterated and copied",
    lines: [["Cookie", "a=1"], ["cookie", "b=2"]],
    run: (h) => [[...h].filter(([name]) => name === "cookie"), new Headers(h).get("cookie")],
  },
  {
    name: "lines whose names are those of objects",
    lines: [["constructor", "1"], ["__proto__", "2"], ["hasOwnProperty", "3"], ["__proto__", "4"]],
    run: (h) => [h.get("constructor"), h.get("__proto__"), h.has("toString"), [...h]],
  },
  {
    name: "names of every token character",
    lines: [["!#$%&'*+-.^_`|~09azAZ", "1"]],
    run: (h) => [h.get("!#$%&'*+-.^_`|~09AZaz"), h.has("!#$%&'*+-.^_`|~09AZaz"), [...h]],
  },
  {
    name: "a hundred names",
    lines: Array.from({ length: 90 }, (_, i): [string, string] => [`X-${(i * 37) % 90}`, String(i)]),
    run: (h) => [h.get("x-0"), h.get("x-89"), [...h]],
  },
  {
    name: "a value of eight thousand characters",
    lines: [["long", "0123456789abcdef".repeat(500)]],
    run: (h) => h.get("long"),
  },
];

/** All of them. */
export const headersCases: readonly HeadersCase[] = [
  ...Object.entries({ ...READS, ...CHANGES, ...OBJECT }).map(([name, run]) => ({ name, lines: LINES, run })),
  ...OTHER_LINES,
];

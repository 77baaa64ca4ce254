/**
 * What the Fetch standard says of `Response`, its body aside: how it is made and refused, what it tells, and that
 * it is its own.
 */
import { inspect } from "node:util";

/** `Response`, or a class in its place. */
export type ResponseClass = typeof Response;

/** What to ask of a class. */
export type Run = (R: ResponseClass) => unknown;

/** Arguments that TypeScript does not let through. */
type Loose = (new (...args: unknown[]) => Response) & Record<string, (...args: unknown[]) => Response>;
const loose = (R: ResponseClass): Loose => R as unknown as Loose;

/** What a response tells of itself. */
function shape(
  { status, statusText, ok, type, url, redirected, headers, body, bodyUsed }: Response,
): unknown {
  return { status, statusText, ok, type, url, redirected, headers, body: body !== null, bodyUsed };
}

const STATUSES = [0, 99, 100, 101, 102, 199, 200, 299, 300, 404, 599, 600, 999, 1000, -1, 200.9];
const ODD_STATUSES = ["201", "x", NaN, Infinity, null, undefined, true, {}, [202]];

const HEADERS: Record<string, () => unknown> = {
  "a record": () => ({ "X-B": "2", "x-a": "1" }),
  "a record of what is no string": () => ({ a: 1, b: null, c: undefined, d: ["x", "y"], e: true }),
  "a record without a prototype": () => Object.assign(Object.create(null), { "x-a": "1" }),
  "a record with inherited keys": () => Object.create({ inherited: "1" }),
  "a record with a symbol": () => ({ [Symbol("s")]: "1" }),
  "a record with one name twice": () => ({ "X-A": "1", "x-a": "2" }),
  "pairs": () => [["x-b", "2"], ["X-A", "1"], ["x-b", "3"]],
  "pairs of Set-Cookie": () => [["set-cookie", "a=1"], ["set-cookie", "b=2"]],
  "no pairs": () => [],
  "pairs that are too short": () => [["a"]],
  "pairs that are too long": () => [["a", "b", "c"]],
  "texts for pairs": () => ["ab"],
  "a Map": () => new Map([["x-a", "1"]]),
  "a generator": function* () {
    yield ["x-a", "1"];
  },
  "Headers": () => new Headers([["x-b", "2"], ["x-b", "3"], ["set-cookie", "a=1"], ["set-cookie", "b=2"]]),
  "Headers of another response": () => new Response(null, { headers: { "x-a": "1" } }).headers,
  "a class's instance": () =>
    new (class {
      a = "1";
    })(),
  "null": () => null,
  "undefined": () => undefined,
  "a text": () => "x-a: 1",
  "a number": () => 1,
  "a function": () => () => {},
  "a content-type": () => ({ "Content-Type": "text/html" }),
  "an empty content-type": () => ({ "content-type": "" }),
  "an empty name": () => ({ "": "1" }),
  "a name with a space": () => ({ "a b": "1" }),
  "a name with a colon": () => [["a:", "1"]],
  "a name beyond ASCII": () => ({ "ä": "1" }),
  "a value with NUL": () => ({ a: "b\0c" }),
  "a value with a line feed": () => ({ a: "b\nc" }),
  "a value with a carriage return": () => [["a", "b\rc"]],
  "a value with a line at its end": () => ({ a: "b\r\n" }),
  "a value in white space": () => ({ a: " \tb c\t " }),
  "a value in Latin-1": () => ({ a: "grün" }),
  "a value beyond Latin-1": () => ({ a: "€" }),
  "a value with a control": () => ({ a: "b\x01c" }),
};

const INITS: Record<string, unknown> = {
  "null": null,
  "undefined": undefined,
  "a number": 5,
  "a text": "x",
  "a function": () => {},
  "an array": [],
  "an object with more": { status: 201, more: true },
  "a Response": new Response("x", { status: 404, statusText: "y", headers: { "x-a": "1" } }),
};

const MADE: Record<string, Run> = {
  "the statusText": (R) =>
    ["OK", "", "Any thing", "a\tb", "grün", undefined, 5].map((statusText) => () =>
      new (loose(R))(null, { statusText }).statusText
    ),
  "null for statusText": (R) => new (loose(R))(null, { statusText: null }).statusText,
  "a statusText that cannot be": (R) =>
    ["a\nb", "a\rb", "a\0b", "€"].map((statusText) => () => new R(null, { statusText }).statusText),
  "a body for a status without one": (R) =>
    [204, 205, 304].flatMap((status) =>
      ["x", "", new Uint8Array(0), new Blob()].map((body) => () => new R(body, { status }).status)
    ),
  "null for a status without a body": (R) =>
    [204, 205, 304].flatMap((status) => [
      () => shape(new R(null, { status })),
      () => shape(new R(undefined, { status })),
    ]),
  "a call without new": (R) => [() => (R as unknown as () => unknown)(), () => Reflect.apply(R, {}, ["x"])],
  "getters of init are read once, in order": (R) => {
    const read: string[] = [];
    const init = new Proxy({}, {
      get(_, key) {
        read.push(String(key));
        return undefined;
      },
    });
    new R("x", init);
    return read.filter((key, i) => read.indexOf(key) !== i);
  },
  "getters of init that throw": (R) =>
    ["status", "statusText", "headers"].map((key) => () =>
      new R(
        "x",
        Object.defineProperty({}, key, {
          get() {
            throw new EvalError();
          },
        }),
      )
    ),
  "an init that is changed afterwards": (R) => {
    const headers: Record<string, string> = { "x-a": "1" };
    const init = { status: 201, statusText: "a", headers };
    const response = new R("x", init);
    init.status = 404;
    init.statusText = "b";
    headers["x-a"] = "2";
    headers["x-b"] = "3";
    return shape(response);
  },
  "Headers that are changed afterwards": (R) => {
    const headers = new Headers({ "x-a": "1" });
    const response = new R("x", { headers });
    headers.set("x-a", "2");
    response.headers.set("x-b", "3");
    return [response.headers, headers, response.headers === headers];
  },
  "headers of a response that made another": (R) => {
    const parent = new R("x", { headers: { "x-a": "1" } });
    const child = new R("y", parent);
    parent.headers.set("x-a", "2");
    child.headers.set("x-b", "3");
    return [parent.headers, child.headers];
  },
};

const STATICS: Record<string, Run> = {
  "json() of values": (R) =>
    [null, 1, "x", true, [1], { a: { b: [] } }, new Date(0), { toJSON: () => 5 }]
      .map((value) => () => [() => shape(R.json(value)), () => R.json(value).text()]),
  "json() of what is no JSON": (R) => {
    const circle: unknown[] = [];
    circle.push(circle);
    const throws = {
      toJSON() {
        throw new EvalError();
      },
    };
    return [undefined, () => {}, Symbol("s"), circle, 5n, throws].map((value) => () => R.json(value).status);
  },
  "json() needs an argument": (R) => loose(R).json(),
  "json() with a status": (R) => [201, 99, 600].map((status) => () => R.json(1, { status }).status),
  "json() with a status without a body": (R) =>
    [204, 205, 304].map((status) => () => R.json(1, { status }).status),
  "json() with headers": (R) => [
    () => R.json(1, { headers: { "x-a": "1" } }).headers,
    () => R.json(1, { headers: { "Content-Type": "text/x" } }).headers,
    () => R.json(1, { headers: [["set-cookie", "a=1"], ["set-cookie", "b=2"]] }).headers,
    () => R.json(1, { headers: { "a b": "1" } }).headers,
  ],
  "json() with an init of nothing": (
    R,
  ) => [() => loose(R).json(1, undefined).status, () => loose(R).json(1, {}).status],
  "json() with an init that is no object": (
    R,
  ) => [() => loose(R).json(1, 5).status, () => loose(R).json(1, "x").status],
  "redirect()": (
    R,
  ) => [() => shape(R.redirect("http://b.example/c")), () => R.redirect("http://b.example/c").text()],
  "redirect() with a status": (R) =>
    [301, 302, 303, 307, 308, 200, 300, 304, 305, 306, 400, 0, NaN].map((status) => () =>
      R.redirect("http://b.example/", status).status
    ),
  "redirect() to odd places": (R) =>
    ["http://b.example/grün ?q=ü", "HTTP://B.EXAMPLE", "mailto:a@b", "http://", "http://a b/"].map(
      (url) => () => R.redirect(url).headers.get("location"),
    ),
  "redirect() to a relative place": (R) =>
    ["/login", "login", "", "?a", "//b.example"].map((url) => () => R.redirect(url).headers.get("location")),
  "redirect() to a URL": (R) => R.redirect(new URL("http://b.example/c?d")).headers.get("location"),
  "redirect() needs an argument": (R) => loose(R).redirect(),
  "headers of redirect() are not to be changed": (R) => R.redirect("http://b.example/").headers.set("a", "1"),
  "error()": (R) => shape(R.error()),
  "headers of error() are not to be changed": (R) => R.error().headers.set("a", "1"),
  "clone() of error()": (R) => shape(R.error().clone()),
};

const OBJECT: Record<string, Run> = {
  "is a Response": (R) => [
    new R("x") instanceof Response,
    new R("x") instanceof R,
    Object.prototype.toString.call(new R("x")),
    String(new R("x")),
  ],
  "has a constructor that makes others": (R) => {
    const { constructor } = new R("x") as unknown as { constructor: ResponseClass };
    return [() => new constructor("other").text()];
  },
  "has no keys of its own": (R) => [Object.keys(new R("x")), { ...new R("x") }, JSON.stringify(new R("x"))],
  "has the members that for-in finds": (R) => {
    const keys: string[] = [];
    for (const key in new R("x")) keys.push(key);
    return keys.sort();
  },
  "cannot be cloned structurally": (R) => structuredClone(new R("x")),
  "can be inspected": (
    R,
  ) => [
    inspect(new R("x")).includes("Response"),
    inspect(new R("x"), { depth: 9, showHidden: true }).length > 0,
  ],
  "can be inspected, and read afterwards": (R) => {
    const response = new R("x");
    inspect(response);
    return [() => response.bodyUsed, () => response.text()];
  },
  "refuses to be assigned to": (R) => {
    const response = new R("x") as unknown as Record<string, unknown>;
    return ["status", "statusText", "ok", "headers", "body", "type"].map((key) => [
      () => void (response[key] = "X"),
      () => response[key] === "X",
    ]);
  },
  "keeps properties of yours": (R) => Object.assign(new R("x"), { mine: 1 }).mine,
  "lets properties be defined over it": (R) =>
    Object.defineProperty(new R("x"), "url", { value: "http://b.example/" }).url,
  "takes the platform's getters": (R) =>
    Reflect.get(Response.prototype, "status", new R("x", { status: 201 })),
  "takes the platform's methods": (R) => Response.prototype.text.call(new R("x")),
  "is a class to extend": (R) => {
    class Page extends R {
      constructor(title: string) {
        super(`<${title}>`, { status: 201, headers: { "content-type": "text/html" } });
      }
      override async text(): Promise<string> {
        return `${await super.text()}!`;
      }
    }
    const page = new Page("a");
    return [
      page instanceof Page,
      page instanceof Response,
      () => shape(page),
      () => page.text(),
      () => page.clone() instanceof Response,
    ];
  },
  "has headers that are one object": (R) => {
    const response = new R("x");
    return Object.is(response.headers, response.headers);
  },
  "has headers that can be changed": (R) => {
    const response = new R("x", { headers: { "x-a": "1" } });
    response.headers.set("x-a", "2");
    response.headers.append("set-cookie", "a=1");
    response.headers.delete("content-type");
    return [response.headers, () => response.clone().headers, () => response.headers];
  },
  "clone() is the same again": (R) => {
    const response = new R("x", { status: 404, statusText: "No", headers: { "x-a": "1" } });
    const clone = response.clone();
    return [clone !== response, shape(clone), shape(response), clone.headers !== response.headers];
  },
  "headers are apart after clone()": (R) => {
    const response = new R("x", { headers: { "x-a": "1" } });
    const clone = response.clone();
    response.headers.set("x-a", "2");
    clone.headers.set("x-b", "3");
    return [response.headers, clone.headers, response.clone().headers];
  },
  "what is no instance has none of it": (R) => [
    () => Reflect.get(R.prototype, "status"),
    () => Object.create(R.prototype).status,
    () => R.prototype.text.call({} as Response),
  ],
};

function* cases(): Generator<[name: string, run: Run]> {
  for (const status of [...STATUSES, ...ODD_STATUSES]) {
    const name = typeof status === "string" ? `"${status}"` : inspect(status);
    yield [`the status ${name}`, (R) => new (loose(R))(null, { status }).status];
  }
  for (const [name, headers] of Object.entries(HEADERS)) {
    yield [`${name} for headers`, (R) => new (loose(R))(null, { headers: headers() }).headers];
    yield [`${name} for headers of a text`, (R) => new (loose(R))("x", { headers: headers() }).headers];
  }
  for (const [name, init] of Object.entries(INITS)) {
    yield [`${name} for init`, (R) => shape(new (loose(R))(null, init))];
  }
  yield* Object.entries({ ...MADE, ...STATICS, ...OBJECT });
}

/** All of them, by name. */
export const responseCases: readonly (readonly [name: string, run: Run])[] = [...cases()];

/**
 * What the Fetch standard says of `Request`, its body aside, asked of one that came from a client.
 */
import { inspect } from "node:util";
import type { Ask, Asked } from "./asked_request.ts";

/** A name, what the client sends, and what to ask of the request. */
export interface RequestCase {
  readonly name: string;
  readonly asked: Asked;
  readonly run: Ask;
}

type Run = RequestCase["run"];

const GET: Asked = { fields: [["Accept", "text/html"], ["X-A", "1"]] };
const POST: Asked = { ...GET, method: "POST", body: "hello" };

/** Each a case: the attributes that tell how a browser would fetch it, too. */
const ATTRIBUTES = [
  "method",
  "url",
  "bodyUsed",
  "body",
  "destination",
  "referrer",
  "referrerPolicy",
  "mode",
  "credentials",
  "cache",
  "redirect",
  "integrity",
  "keepalive",
  "isReloadNavigation",
  "isHistoryNavigation",
  "duplex",
  "priority",
  "targetAddressSpace",
  "textStream",
];

const METHODS = ["HEAD", "PUT", "PATCH", "patch", "DELETE", "OPTIONS", "QUERY", "get", "post", "TRACE", "x!"];

const TARGETS = [
  "/",
  "/a/b?c=d&e=f",
  "/?",
  "/a?b?c",
  "//b.example/c",
  "/a//b",
  "/a/./b/../c",
  "/%2e%2e/a",
  "/a%2Fb%20c%zz",
  "/~a;b=1,2:@!$&'()*+",
  "/a|b",
  "/a[b]{c}^`",
  '/a"b<c>',
  "/a\\b",
  "/?a='b'",
  '/?a="b"<c>`{d}',
  "/gr%C3%BCn",
  "/gr\xc3\xbcn",
];

const HOSTS = ["A.Example", "a.example:80", "a.example:8080", "127.0.0.1:1", "[::1]:8000", "127.1", "a_b.c"];

const ON_GET: Record<string, Run> = {
  "has the fields": (r) => [r.headers.get("accept"), r.headers.get("host"), [...r.headers]],
  "has one headers object": (r) => Object.is(r.headers, r.headers),
  "has one signal, not aborted": (r) => [
    Object.is(r.signal, r.signal),
    r.signal instanceof AbortSignal,
    r.signal.aborted,
    r.signal.reason,
  ],
  "is a Request": (r) => [r instanceof Request, Object.prototype.toString.call(r), String(r)],
  "has the constructor Request": (r) => [r.constructor === Request, r.constructor.name],
  "has the prototype of Request": (r) => Object.getPrototypeOf(r) === Request.prototype,
  "has no keys of its own": (r) => [Object.keys(r), { ...r }, JSON.stringify(r)],
  "has the members that for-in finds": (r) => {
    const keys: string[] = [];
    for (const key in r) keys.push(key);
    return keys.sort();
  },
  "has every member that the platform's has": (r) =>
    Reflect.ownKeys(Request.prototype).filter((key) => !(key in r)),
  "cannot be cloned structurally": (r) => structuredClone(r),
  "can be inspected": (
    r,
  ) => [inspect(r).includes("Request"), inspect(r, { depth: 9, showHidden: true }).length > 0],
  "refuses to be assigned to": (r) => {
    const loose = r as unknown as Record<string, unknown>;
    return ["method", "url", "headers", "body", "bodyUsed", "signal", "mode"].map((key) => [
      () => void (loose[key] = "X"),
      () => loose[key] === "X",
    ]);
  },
  "keeps properties of yours": (r) => Object.assign(r, { user: "me" }).user,
  "lets properties be defined over it": (r) => [
    Object.defineProperty(r, "url", { value: "http://other.example/" }).url,
    Object.defineProperty(r, "json", { value: () => 5 }).json(),
  ],
  "is looked through by a Proxy that binds": (r) => {
    const proxy = new Proxy(r, {
      get(target, key) {
        const value = Reflect.get(target, key, target);
        return typeof value === "function" ? value.bind(target) : value;
      },
    });
    return [proxy.method, proxy.url, proxy.headers.get("x-a"), () => proxy.text()];
  },
  "fails through a Proxy that does not": (r) => new Proxy(r, {}).url,
  "is a prototype whose getters fail": (r) => Object.create(r).url,
  "takes the platform's getters": (r) => Reflect.get(Request.prototype, "url", r),
  "takes the platform's methods": (r) => Request.prototype.text.call(r),
  "is a key of a WeakMap": (r) => new WeakMap([[r, 1]]).get(r),
};

/** What every request must tell of what was made of it. */
const shape = (r: Request): unknown => [r.method, r.url, r.headers, r.body === null, r.bodyUsed];

const DERIVED: Record<string, Run> = {
  "clone() is the same again": (r) => [shape(r.clone()), () => r.clone().text(), shape(r)],
  "clone() is a Request of its own": (r) => {
    const clone = r.clone();
    return [
      clone !== r,
      clone instanceof Request,
      clone.constructor === Request,
      clone.headers !== r.headers,
    ];
  },
  "clone() of a clone": (r) => [shape(r.clone().clone()), () => r.clone().clone().text()],
  "clone() sees headers that were changed before": (r) => {
    r.headers.set("x-a", "2");
    r.headers.delete("accept");
    return [r.clone().headers, r.headers];
  },
  "headers are apart after clone()": (r) => {
    const clone = r.clone();
    r.headers.set("x-a", "2");
    clone.headers.set("x-b", "3");
    return [r.headers, clone.headers];
  },
  "clone() sees headers that were changed after an earlier clone()": (r) => {
    r.clone();
    r.headers.set("x-a", "2");
    return r.clone().headers;
  },
  "new Request() of it is the same again": (r) => [shape(new Request(r)), () => shape(r)],
  "new Request() of it is a Request of its own": (r) => {
    const other = new Request(r);
    return [other !== r, other instanceof Request, other.headers !== r.headers];
  },
  "new Request() sees headers that were changed": (r) => {
    r.headers.set("x-a", "2");
    r.headers.delete("accept");
    return new Request(r).headers;
  },
  "new Request() sees headers that were changed after clone()": (r) => {
    r.clone();
    r.headers.delete("x-a");
    r.headers.set("accept", "*/*");
    return new Request(r).headers;
  },
  "new Request() sees headers that were changed after inspection": (r) => {
    inspect(r);
    void r.mode;
    r.headers.delete("x-a");
    return new Request(r).headers;
  },
  "new Request() replaces the headers": (r) => new Request(r, { headers: { "x-b": "2" } }).headers,
  "new Request() replaces the headers by none": (r) => new Request(r, { headers: {} }).headers,
  "new Request() replaces the headers by its own, changed": (r) => {
    const headers = new Headers(r.headers);
    headers.set("x-b", "2");
    return new Request(r, { headers }).headers;
  },
  "new Request() takes its headers as they are": (r) =>
    new Request("http://b.example/", { headers: r.headers }).headers,
  "new Request() replaces the method": (r) => shape(new Request(r, { method: "PUT" })),
  "new Request() upper-cases the method": (r) => [
    new Request(r, { method: "put" }).method,
    () => new Request("http://b.example/", { method: "patch" }).method,
  ],
  "new Request() refuses methods": (r) => [
    () => new Request(r, { method: "CONNECT" }),
    () => new Request(r, { method: "a b" }),
    () => new Request(r, { method: "" }),
  ],
  "new Request() replaces the body": (r) => [
    () => new Request(r, { method: "POST", body: "other" }).text(),
    () => r.bodyUsed,
  ],
  "new Request() types a body that is replaced": (r) =>
    new Request(r, { method: "POST", body: "other", headers: {} }).headers,
  "new Request() refuses a body for GET": (r) => new Request(r, { method: "GET", body: "other" }),
  "new Request() of another URL takes it for init": (r) => [
    () => shape(new Request("http://b.example/c", r)),
  ],
  "new Request() follows its signal": (r) => {
    const controller = new AbortController();
    const other = new Request(r, { signal: controller.signal });
    controller.abort();
    return [other.signal.aborted, r.signal.aborted];
  },
  "new Request() takes a null for the signal": (r) => new Request(r, { signal: null }).signal.aborted,
  "new Request() takes what browsers fetch by": (r) => {
    const { redirect, credentials, cache, integrity, keepalive, referrerPolicy } = new Request(r, {
      redirect: "manual",
      credentials: "omit",
      cache: "no-store",
      integrity: "sha256-x",
      referrerPolicy: "no-referrer",
    });
    return { redirect, credentials, cache, integrity, keepalive, referrerPolicy };
  },
  "new Request() refuses a mode of navigate": (r) => new Request(r, { mode: "navigate" }),
  "new Request() of a subclass": (r) => {
    class Mine extends Request {
      get shout(): string {
        return this.method.toLowerCase();
      }
    }
    const mine = new Mine(r);
    return [mine instanceof Mine, mine.shout, mine.url];
  },
  "new Request() takes its URL": (r) => [new Request(r.url).url, new Request(new URL(r.url)).url],
  "new URL() takes its URL": (r) => new URL("/x?y", r.url).href,
};

function* cases(): Generator<RequestCase> {
  for (const key of ATTRIBUTES) {
    const run = (r: Request): unknown => Reflect.get(r, key);
    yield { name: `its ${key} on GET`, asked: GET, run };
    yield { name: `its ${key} on POST`, asked: POST, run };
  }
  for (const method of METHODS) {
    yield { name: `the method ${method}`, asked: { method }, run: (r) => [r.method, r.body] };
    yield { name: `clone() of the method ${method}`, asked: { method }, run: (r) => r.clone().method };
  }
  for (const target of TARGETS) {
    yield { name: `the URL of ${JSON.stringify(target)}`, asked: { target }, run: (r) => r.url };
  }
  for (const host of HOSTS) {
    yield { name: `the URL at ${host}`, asked: { host }, run: (r) => [r.url, r.headers.get("host")] };
  }
  for (const [name, run] of Object.entries(ON_GET)) yield { name, asked: GET, run };
  for (const [name, run] of Object.entries(DERIVED)) {
    yield { name: `${name}, on GET`, asked: GET, run };
    yield { name: `${name}, on POST`, asked: POST, run };
  }
}

/** All of them. */
export const requestCases: readonly RequestCase[] = [...cases()];

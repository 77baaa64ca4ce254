/**
 * What a fetch handler can answer with `Response`: every body, every `init`, and what may be done to a response
 * before it is returned. Each is made by a class that is given, so that two of them can be set beside each other.
 */
import { Buffer } from "node:buffer";
import { patternBytes } from "./bytes.ts";

/** `Response`, or a class like it. */
export type ResponseClass = typeof Response;

/** Makes a response. */
export type Make = (R: ResponseClass) => Response | Promise<Response>;

/** The largest bytes that are noted, so that they are sent without a stream. */
const LARGEST_NOTED = 16 * 1024;

const encode = (text: string): Uint8Array<ArrayBuffer> => new TextEncoder().encode(text);

/** A stream of these pieces. */
function streamOf(...pieces: string[]): ReadableStream<Uint8Array<ArrayBuffer>> {
  return new ReadableStream({
    start(controller) {
      for (const piece of pieces) controller.enqueue(encode(piece));
      controller.close();
    },
  });
}

/** A form with text and a file. */
function form(): FormData {
  const form = new FormData();
  form.set("text", "grün");
  form.set("file", new File(["content"], "a.txt", { type: "text/css" }));
  return form;
}

/** Bytes whose `slice` is not that of `Uint8Array`, as that of Node's `Buffer` is not. */
class OddBytes extends Uint8Array<ArrayBuffer> {
  override slice(): never {
    throw new Error("called for nothing");
  }
}

const BODIES: Record<string, () => unknown> = {
  "ASCII text": () => "hello",
  "UTF-8 text": () => "grün, € and 𝄞",
  "text longer than what is copied by hand": () => "0123456789é".repeat(100),
  "text with halves of surrogate pairs": () => "a\ud800b\udc00\ud800c\ud834\ud834\udd1e\udd1e\ud834",
  "text that begins with a byte order mark, and holds NUL": () => "\ufeffa\0b\x7f\r\n",
  "an empty text": () => "",
  "a String": () => new String("boxed"),
  "a number": () => 42,
  "bytes": () => patternBytes(1_000),
  "no bytes": () => new Uint8Array(0),
  "the largest bytes that are noted": () => patternBytes(LARGEST_NOTED),
  "the smallest bytes that are not": () => patternBytes(LARGEST_NOTED + 1),
  "a megabyte": () => patternBytes(1_000_000),
  "a part of a buffer": () => patternBytes(100).subarray(10, 90),
  "a Buffer": () => Buffer.from("from Node"),
  "bytes of a class with its own slice()": () => OddBytes.from([104, 105]),
  "an ArrayBuffer": () => patternBytes(1_000).buffer,
  "a DataView": () => new DataView(patternBytes(100).buffer, 10, 80),
  "numbers of two bytes": () => new Uint16Array([0x6968, 0x2121]),
  "a Blob": () => new Blob(["a", "b"]),
  "a Blob with a type": () => new Blob(["a", "b"], { type: "text/css" }),
  "a FormData": form,
  "URLSearchParams": () => new URLSearchParams({ a: "1 &" }),
  "a stream of one piece": () => streamOf("piece"),
  "a stream of pieces": () => streamOf("one ", "two ", "three"),
  "null": () => null,
  "undefined": () => undefined,
};

const TYPED = { "content-type": "text/html" };

const INITS: Record<string, () => unknown> = {
  "no init": () => undefined,
  "null for an init": () => null,
  "a status": () => ({ status: 418 }),
  "a status as text": () => ({ status: "201" }),
  "a status text": () => ({ status: 201, statusText: "Made" }),
  "an object of headers": () => ({ headers: { "x-a": "1", "X-B": "2" } }),
  "pairs of headers": () => ({ headers: [["x-a", "1"], ["x-b", "2"], ["x-a", "3"]] }),
  "Headers": () => ({ headers: new Headers({ "x-a": "1", "x-b": "2" }) }),
  "a Map of headers": () => ({ headers: new Map([["x-a", "1"]]) }),
  "headers that can be iterated once": () => ({ headers: new Headers({ "x-a": "1", "x-b": "2" }).entries() }),
  "several Set-Cookie": () => ({ headers: [["set-cookie", "a=1"], ["x-a", "1"], ["Set-Cookie", "b=2"]] }),
  "a header value of numbers": () => ({ headers: { "x-a": 5 } }),
  "a header value beyond ASCII": () => ({ headers: { "x-a": "gr\xfcn" } }),
  "a header value with white space around it": () => ({ headers: { "x-a": "\t 1  " } }),
  "a header value that ends a line": () => ({ headers: { "x-a": "1\n" } }),
  "an object of headers that inherits others": () => ({
    headers: Object.assign(Object.create({ "x-b": "inherited" }), { "x-a": "1" }),
  }),
  "a header in two spellings": () => ({ headers: { "X-A": "1", "x-a": "2" } }),
  "a type": () => ({ headers: TYPED }),
  "a type in capitals": () => ({ headers: { "CONTENT-TYPE": "text/html" } }),
  "a type in a pair": () => ({ headers: [["Content-Type", "text/html"]] }),
  "an empty type": () => ({ headers: { "content-type": "" } }),
  "a date": () => ({ headers: { date: "Thu, 01 Jan 1970 00:00:00 GMT" } }),
  "Connection: close": () => ({ headers: { connection: "close" } }),
  "the right content-length": () => ({ headers: { "content-length": "5" } }),
  "a wrong content-length": () => ({ headers: { "content-length": "4" } }),
  "a header value that cannot travel": () => ({ headers: { "x-a": "a\r\nx-b: 1" } }),
  "a header name that cannot travel": () => ({ headers: { "x a": "1" } }),
  "a status that is none": () => ({ status: 600 }),
};

/** What may be done to a response before it is returned. */
const CHANGES: Record<string, (response: Response, R: ResponseClass) => unknown> = {
  "a header set": ({ headers }) => headers.set("x-a", "1"),
  "headers appended": ({ headers }) => {
    headers.append("set-cookie", "a=1");
    headers.append("set-cookie", "b=2");
    headers.append("x-a", "1");
    headers.append("x-a", "2");
  },
  "a header deleted": ({ headers }) => {
    headers.set("x-a", "1");
    headers.delete("x-a");
  },
  "a header set in headers that were taken before": (response) => {
    const { headers } = response;
    void response.body;
    void response.clone();
    headers.set("x-a", "1");
  },
  "its type set": ({ headers }) => headers.set("content-type", "text/html"),
  "its type deleted": ({ headers }) => headers.delete("content-type"),
  "a clone, which is left alone": (response) => void response.clone(),
  "a clone, which is read": (response) => response.clone().text(),
  "a clone, which is sent": (response) => response.clone(),
  "a clone of a clone, which is sent": (response) => response.clone().clone(),
  "a clone of what was changed": (response) => {
    response.headers.set("x-a", "1");
    return response.clone();
  },
  "its body looked at": (response) => void response.body,
  "its body looked at, and a clone of it sent": (response) => (void response.body, response.clone()),
  "its body released again": (response) => response.body?.getReader().releaseLock(),
  "its body in another": (response, R) => new R(response.body, response),
  "its body through a stream in another": (response, R) =>
    new R(response.body?.pipeThrough(new TransformStream()), response),
  "its text in another": async (response, R) => new R(await response.text(), response),
  "nothing but its head in another": (response, R) => new R(null, response),
  "its text read": (response) => response.text(),
  "its bytes read": (response) => response.arrayBuffer(),
  "its body locked": (response) => void response.body?.getReader(),
  "its body teed": (response) => void response.body?.tee(),
  "its body cancelled": (response) => void response.body?.cancel(),
  "its body piped elsewhere": (response) => void response.body?.pipeTo(new WritableStream()),
};

const OTHERS: Record<string, Make> = {
  "no arguments": (R) => new R(),
  "status 204": (R) => new R(null, { status: 204 }),
  "status 205": (R) => new R(null, { status: 205 }),
  "status 304 with a length": (R) => new R(null, { status: 304, headers: { "content-length": "5" } }),
  "json()": (R) => R.json({ a: [1, "grün", null] }),
  "json() of null": (R) => R.json(null),
  "json() of text": (R) => R.json("text"),
  "json() of what knows its JSON": (R) => R.json({ toJSON: () => "told" }),
  "json() with status and headers": (R) =>
    R.json(1, { status: 201, statusText: "x", headers: { "x-a": "1" } }),
  "json() with Headers": (R) => R.json(1, { headers: new Headers({ "x-a": "1" }) }),
  "json() with several Set-Cookie": (R) =>
    R.json(1, { headers: [["set-cookie", "a=1"], ["set-cookie", "b=2"]] }),
  "json() with a type": (R) => R.json(1, { headers: { "Content-Type": "application/ld+json" } }),
  "json() with a Response for an init": (R) =>
    R.json(1, new R(null, { status: 404, headers: { "x-a": "1" } })),
  "json() that was changed": (R) => {
    const response = R.json(1);
    response.headers.set("content-type", "text/json");
    return response;
  },
  "a clone of json()": (R) => R.json(1).clone(),
  "a clone of json() with headers": (R) => R.json(1, { headers: { "x-a": "1" } }).clone(),
  "a clone of text with the type of JSON": (R) =>
    new R("1", { headers: { "content-type": "application/json" } }).clone(),
  "json() of nothing that JSON has": (R) => R.json(undefined),
  "json() of a circle": (R) => {
    const circle: unknown[] = [];
    circle.push(circle);
    return R.json(circle);
  },
  "redirect()": (R) => R.redirect("http://b.example/c"),
  "redirect() with a status": (R) => R.redirect("http://b.example/c", 307),
  "error()": (R) => R.error(),
  "a Response for an init": (R) => new R("hello", new R("other", { status: 404, headers: { "x-a": "1" } })),
  "bytes with a text's Response for an init": (R) => new R(encode("hello"), new R("other")),
  "bytes that are changed afterwards": changed(encode("before")),
  "a part of a buffer that is changed afterwards": changed(encode("before it")),
  "a Buffer that is changed afterwards": changed(Buffer.from("before")),
  "an ArrayBuffer that is changed afterwards": (R) => {
    const bytes = encode("before");
    const response = new R(bytes.buffer);
    bytes.fill(88);
    return response;
  },
  "many bytes that are changed afterwards": changed(patternBytes(100_000)),
  "a DataView that is changed afterwards": (R) => {
    const bytes = encode("before");
    const response = new R(new DataView(bytes.buffer, 1));
    bytes.fill(88);
    return response;
  },
  "URLSearchParams that are changed afterwards": (R) => {
    const params = new URLSearchParams({ a: "1" });
    const response = new R(params);
    params.set("b", "2");
    return response;
  },
  "a FormData that is changed afterwards": (R) => {
    const form = new FormData();
    form.set("a", "1");
    const response = new R(form);
    form.set("b", "2");
    return response;
  },
  "an instance of a subclass": (R) => {
    class Page extends R {
      constructor(title: string) {
        super(`<title>${title}</title>`, { headers: { "x-page": title } });
      }
    }
    return new Page("hello");
  },
  "an instance of a subclass of bytes": (R) => new (class Bytes extends R {})(encode("bytes")),
  "a clone of an instance of a subclass": (R) => new (class Text extends R {})("text").clone(),
  "an instance of a subclass that answers otherwise": (R) => {
    class Other extends R {
      override get status(): number {
        return 203;
      }
      override get headers(): Headers {
        return new Headers({ "x-a": "1" });
      }
    }
    return new Other("text", { status: 404 });
  },
  "an instance of a subclass with headers of its own": (R) => {
    class Other extends R {
      readonly #headers = new Headers({ "x-a": "1" });
      override get headers(): Headers {
        return this.#headers;
      }
    }
    return new Other("text");
  },
  "json() of a subclass": (R) => class extends R {}.json({ a: 1 }),
};

/** Bytes that the handler uses again after it has made its response of them, each time that it is asked. */
function changed(bytes: Uint8Array<ArrayBuffer>): Make {
  return (R) => {
    const mine = Buffer.isBuffer(bytes) ? Buffer.from(bytes) : bytes.slice();
    const response = new R(mine.subarray(1));
    mine.fill(88);
    return response;
  };
}

/** A response of `body` that `change` was done to, or what that gives instead. */
function changing(body: () => unknown, change: typeof CHANGES[string]): Make {
  return (R) => {
    const response = new R(body() as BodyInit);
    const result = change(response, R);
    if (result instanceof Promise) {
      return result.then((other) => other instanceof Response ? other : response);
    }
    return result instanceof Response ? result : response;
  };
}

function* cases(): Generator<[name: string, make: Make]> {
  for (const [name, body] of Object.entries(BODIES)) {
    yield [name, (R) => new R(body() as BodyInit)];
    yield [`${name}, with a type`, (R) => new R(body() as BodyInit, { headers: TYPED })];
  }
  for (const [what, body] of [["text", () => "hello"], ["bytes", () => encode("hello")]] as const) {
    for (const [name, init] of Object.entries(INITS)) {
      yield [`${what} with ${name}`, (R) => new R(body(), init() as ResponseInit)];
    }
    for (const [name, change] of Object.entries(CHANGES)) {
      yield [`${what} with ${name}`, changing(body, change)];
    }
  }
  for (const [name, change] of Object.entries(CHANGES)) {
    // Bun's may be sent though somebody has locked it: there is nothing in it to be lost.
    if (/locked|teed/.test(name)) continue;
    yield [`an empty text with ${name}`, changing(() => "", change)];
  }
  yield* Object.entries(OTHERS);
}

/** All of them, by name. */
export const responseCases: readonly (readonly [name: string, make: Make])[] = [...cases()];

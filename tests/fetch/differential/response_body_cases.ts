/**
 * What the Fetch standard says of a response's body: what it can be made of, how it is read, when it counts as
 * used, and what its copies have of it.
 */
import { Buffer } from "node:buffer";
import type { Run } from "./response_cases.ts";

const encode = (text: string): Uint8Array<ArrayBuffer> => new TextEncoder().encode(text);

function streamOf(...pieces: unknown[]): ReadableStream<Uint8Array<ArrayBuffer>> {
  return new ReadableStream({
    start(controller) {
      for (const piece of pieces) controller.enqueue(piece as Uint8Array<ArrayBuffer>);
      controller.close();
    },
  });
}

function form(): FormData {
  const form = new FormData();
  form.set("a", "grün");
  form.set("f", new File(["content"], "x.txt", { type: "text/css" }));
  return form;
}

const READS = ["text", "json", "arrayBuffer", "bytes", "blob", "formData"] as const;

/** Whatever can be given for a body. */
const BODIES: Record<string, () => unknown> = {
  "null": () => null,
  "undefined": () => undefined,
  "an empty text": () => "",
  "text": () => "grün, € and 𝄞",
  "text with half a surrogate pair": () => "a\ud800b",
  "JSON": () => '{"a":[1]}',
  "text with a byte order mark": () => "\ufeff[1]",
  "a String": () => new String("boxed"),
  "a number": () => 42,
  "a boolean": () => false,
  "an object": () => ({ a: 1 }),
  "an array": () => [1, 2],
  "a Date": () => ({ toString: () => "told" }),
  "a symbol": () => Symbol("s"),
  "bytes": () => encode("bytes"),
  "no bytes": () => new Uint8Array(0),
  "a part of a buffer": () => encode("0123456789").subarray(2, 5),
  "a Buffer": () => Buffer.from("buffer"),
  "an ArrayBuffer": () => encode("array").buffer,
  "a DataView with an offset": () => new DataView(encode("0123456789").buffer, 3, 4),
  "a Uint16Array with an offset": () => new Uint16Array(encode("01234567").buffer, 2, 2),
  "a Blob": () => new Blob(["blob"], { type: "Text/CSS" }),
  "a Blob without a type": () => new Blob(["blob"]),
  "an empty Blob": () => new Blob(),
  "a File": () => new File(["file"], "a.txt", { type: "text/css" }),
  "URLSearchParams": () => new URLSearchParams([["a", "1 &"], ["b", "ü"]]),
  "a FormData": form,
  "an empty stream": () => streamOf(),
  "a stream of bytes": () => streamOf(encode("one "), encode("two")),
  "a stream of no bytes": () => streamOf(new Uint8Array(0), encode("x")),
  "a stream of text": () => streamOf("one ", "two"),
  "a stream of numbers": () => streamOf(1),
  "a stream that fails": () =>
    new ReadableStream({ start: (controller) => controller.error(new EvalError()) }),
  "a generator of text": async function* () {
    yield "one ";
    yield "two";
  },
  "a generator of bytes": async function* () {
    yield encode("one ");
    yield encode("two");
  },
};

/** As many as are worth a stream of our own on every runtime. */
const manyBytes = (): Uint8Array<ArrayBuffer> => encode("[1]" + " ".repeat(40_000));

/** Arguments that TypeScript does not let through. */
const make = (R: typeof Response, body: unknown, init?: ResponseInit): Response =>
  new R(body as BodyInit, init);

/** What can become of a body, whatever it is made of. */
const USE: Record<string, (make: () => Response) => unknown> = {
  "is used once it is read": (make) => {
    const r = make();
    return [r.bodyUsed, () => r.text(), () => r.bodyUsed];
  },
  "is used while it is read": (make) => {
    const r = make();
    const reading = r.text();
    return [r.bodyUsed, reading];
  },
  "is read once": (make) => {
    const r = make();
    return [
      () => r.text(),
      () => r.text(),
      () => r.json(),
      () => r.arrayBuffer(),
      () => r.blob(),
      () => r.bytes(),
    ];
  },
  "has one stream": (make) => {
    const r = make();
    return [Object.is(r.body, r.body), r.body instanceof ReadableStream, r.bodyUsed, r.body?.locked];
  },
  "has the stream still after it was read": async (make) => {
    const r = make();
    const { body } = r;
    await r.text();
    return [r.body === body, () => body!.locked, () => body!.getReader().read()];
  },
  "is not used by a reader that has not read": (make) => {
    const r = make();
    const reader = r.body!.getReader();
    return [r.bodyUsed, r.body!.locked, () => reader.read().then(() => "read"), () => r.bodyUsed];
  },
  "is not read when its stream is locked": (make) => {
    const r = make();
    r.body!.getReader();
    return [() => r.text(), () => r.blob(), () => r.bodyUsed];
  },
  "is read when the lock was given up": (make) => {
    const r = make();
    r.body!.getReader().releaseLock();
    return [() => r.text(), () => r.bodyUsed];
  },
  "is not read when some of it was": async (make) => {
    const r = make();
    const reader = r.body!.getReader();
    await reader.read();
    reader.releaseLock();
    return [r.bodyUsed, () => r.text(), () => r.clone()];
  },
  "is used when it was cancelled": (make) => {
    const r = make();
    return [() => r.body!.cancel(), () => r.bodyUsed, () => r.text()];
  },
  "is read by iteration": async (make) => {
    const r = make();
    let all = "";
    for await (const piece of r.body!) all += new TextDecoder().decode(piece);
    return [all, r.bodyUsed];
  },
  "is read by a BYOB reader": async (make) => {
    const reader = make().body!.getReader({ mode: "byob" });
    const { done, value } = await reader.read(new Uint8Array(10));
    return [done, new TextDecoder().decode(value)];
  },
  "gives bytes": async (make) => (await make().body!.getReader().read()).value instanceof Uint8Array,
  "is teed into two that have all of it": (make) => {
    const r = make();
    const [a, b] = r.body!.tee();
    return [() => new Response(a).text(), () => new Response(b).text(), () => r.text()];
  },
  "clone() first, then the response": (make) => {
    const r = make();
    const clone = r.clone();
    return [() => clone.text(), () => r.bodyUsed, () => r.text(), () => clone.bodyUsed];
  },
  "the response first, then clone()": (make) => {
    const r = make();
    const clone = r.clone();
    return [() => r.text(), () => clone.bodyUsed, () => clone.text()];
  },
  "clone() of a clone": (make) => {
    const r = make();
    const clone = r.clone().clone();
    return [() => clone.text(), () => r.text(), () => clone.headers];
  },
  "clone() of what was read": (make) => {
    const r = make();
    return [() => r.text(), () => r.clone()];
  },
  "clone() of what is locked": (make) => {
    const r = make();
    r.body!.getReader();
    return [() => r.clone(), () => r.bodyUsed];
  },
  "its stream makes another": (make) => {
    const r = make();
    const other = new Response(r.body, r);
    return [() => other.text(), () => r.bodyUsed, () => r.text(), () => other.headers.get("content-type")];
  },
};

const OTHERS: Record<string, Run> = {
  "a stream stays what it is": (R) => {
    const stream = streamOf(encode("x"));
    return new R(stream).body === stream;
  },
  "a stream that is locked is refused": (R) => {
    const stream = streamOf(encode("x"));
    stream.getReader();
    return new R(stream).status;
  },
  "a stream that was read is refused": async (R) => {
    const stream = streamOf(encode("x"));
    const reader = stream.getReader();
    await reader.read();
    reader.releaseLock();
    return new R(stream).status;
  },
  "the stream of a response that was read is refused": async (R) => {
    const response = new R("x");
    const { body } = response;
    await response.text();
    return [() => new R(body).status, () => new R(response.body).status];
  },
  "bytes that are changed afterwards": (R) =>
    [encode("before"), encode("before").buffer, new DataView(encode("before").buffer)].map((body) => {
      const response = new R(body);
      const { buffer } = new Uint8Array("buffer" in body ? body.buffer : body);
      new Uint8Array(buffer).fill(88);
      return () => response.text();
    }),
  "URLSearchParams and FormData that are changed afterwards": (R) =>
    [new URLSearchParams("a=1"), form()].map((body) => {
      const response = new R(body);
      body.set("a", "2");
      return async () => (await response.formData()).get("a");
    }),
  "blob() has the type of the headers": (R) => {
    const response = new R("x", { headers: { "content-type": "Text/HTML; Charset=X" } });
    const changed = new R("x");
    changed.headers.set("content-type", "text/css");
    const removed = new R("x");
    removed.headers.delete("content-type");
    return [response, changed, removed].map((each) => async () => (await each.blob()).type);
  },
  "formData() follows the headers": (R) => {
    const changed = new R("a=1");
    changed.headers.set("content-type", "application/x-www-form-urlencoded");
    return [() => changed.formData(), () => new R("a=1").formData(), () => new R(form()).formData()];
  },
  "a type of yours for each body": (R) =>
    ["x", encode("x"), new Blob(["x"], { type: "text/css" }), new URLSearchParams("a=1"), form()]
      .map((body) => () => new R(body, { headers: { "content-type": "text/x" } }).headers),
  "nothing is read of a stream before somebody asks": async (R) => {
    let pulls = 0;
    const stream = new ReadableStream({
      pull: (controller) => {
        pulls++;
        controller.close();
      },
    }, { highWaterMark: 0 });
    const response = new R(stream);
    await null;
    const before = pulls;
    await response.text();
    return [before, pulls];
  },
  "cancelling cancels the stream, with the reason": async (R) => {
    const reasons: unknown[] = [];
    const response = new R(new ReadableStream({ cancel: (reason) => void reasons.push(reason) }));
    await response.body!.cancel("why");
    return reasons;
  },
};

function* cases(): Generator<[name: string, run: Run]> {
  for (const [name, body] of Object.entries(BODIES)) {
    yield [`${name} for a body: its headers`, (R) => make(R, body()).headers];
    yield [`${name} for a body: what there is`, (R) => make(R, body()).body !== null];
    for (const read of READS) {
      yield [`${name} for a body: ${read}()`, async (R) => withoutBoundary(await make(R, body())[read]())];
    }
  }
  for (
    const [made, body] of [["text", () => "[1]"], ["bytes", () => encode("[1]")], [
      "many bytes",
      manyBytes,
    ]] as const
  ) {
    for (const [name, run] of Object.entries(USE)) {
      yield [`a body of ${made}: ${name}`, (R) => run(() => new R(body()))];
    }
  }
  for (const [name, run] of Object.entries(USE)) {
    yield [`a body of a stream: ${name}`, (R) => run(() => new R(streamOf(encode("[1]"))))];
  }
  yield* Object.entries(OTHERS);
}

/** A multipart body has another boundary each time, and is compared by what `formData()` gives. */
function withoutBoundary(read: unknown): unknown {
  const isMultipart = (text: string): boolean => /^-+[\w-]+\r\n/.test(text);
  if (typeof read === "string" && isMultipart(read)) return "multipart";
  if (read instanceof Blob && read.type.startsWith("multipart/")) return "multipart";
  if (read instanceof ArrayBuffer || read instanceof Uint8Array) {
    const bytes = new Uint8Array(read as ArrayBuffer);
    return isMultipart(new TextDecoder().decode(bytes)) ? "multipart" : read;
  }
  return read;
}

/** All of them, by name. */
export const responseBodyCases: readonly (readonly [name: string, run: Run])[] = [...cases()];

/**
 * What the Fetch standard says of a request's body: how it is read, when it counts as used, and what its copies
 * have of it.
 */
import type { Asked } from "./asked_request.ts";
import type { RequestCase } from "./request_cases.ts";

type Run = RequestCase["run"];

const text = (body: string | Uint8Array<ArrayBuffer>, type?: string): Asked => ({
  method: "POST",
  body,
  ...type !== undefined && { fields: [["Content-Type", type]] },
});

const HELLO = text("hello", "text/plain");

/** `read` is one of these. */
const READS = ["text", "json", "arrayBuffer", "bytes", "blob", "formData"] as const;

const multipart = (...parts: string[]): Asked =>
  text(
    [...parts.map((part) => `--xyz\r\n${part}\r\n`), "--xyz--\r\n"].join(""),
    "multipart/form-data; boundary=xyz",
  );

const BODIES: Record<string, Asked> = {
  "no body": { method: "POST" },
  "no body, with a type": { method: "POST", fields: [["Content-Type", "text/plain"]] },
  "text": HELLO,
  "text without a type": text("hello"),
  "UTF-8": text("grün, € and 𝄞", "text/plain;charset=utf-8"),
  "UTF-8 with a byte order mark": text("\ufeff[1]", "text/plain"),
  "bytes that are no UTF-8": text(Uint8Array.of(0xff, 0xc3, 0x28, 0xe2, 0x82, 0), "text/plain"),
  "text of a type in upper case": text("A", "Text/PLAIN; Charset=UTF-8"),
  "text of a broken type": text("A", "no type"),
  "JSON": text('{"a":[1,"ü",null]}', "application/json"),
  "JSON with white space": text(" \n[1, 2]\t ", "application/json"),
  "broken JSON": text('{"a":', "application/json"),
  "URL-encoded": text("a=1&b=2+3&a=%C3%BC&=&c", "application/x-www-form-urlencoded"),
  "URL-encoded with a charset": text("a=1", "application/x-www-form-urlencoded; charset=UTF-8"),
  "multipart": multipart(
    'Content-Disposition: form-data; name="a"\r\n\r\n1',
    'Content-Disposition: form-data; name="f"; filename="x.txt"\r\nContent-Type: text/css\r\n\r\nhi\r\n--\r\n',
    'Content-Disposition: form-data; name="f"; filename="y"\r\n\r\n',
    'content-disposition: form-data; name="ü%22"\r\n\r\n€',
  ),
  "multipart of no parts": multipart(),
  "multipart with a quoted boundary": text(
    '--x y\r\nContent-Disposition: form-data; name="a"\r\n\r\n1\r\n--x y--\r\n',
    'multipart/form-data; boundary="x y"',
  ),
  "multipart that does not end": text("--xyz\r\nContent-Disp", "multipart/form-data; boundary=xyz"),
  "multipart without a boundary": text("--xyz--\r\n", "multipart/form-data"),
};

const USE: Record<string, Run> = {
  "is used once it is read": (r) => [r.bodyUsed, () => r.text(), () => r.bodyUsed],
  "is used while it is read": (r) => {
    const reading = r.text();
    return [r.bodyUsed, reading];
  },
  "is read once": (r) => READS.map((read) => () => r[read]()),
  "is read once, whoever comes second": (r) => {
    const first = r.text();
    const second = r.arrayBuffer();
    second.catch(() => {});
    return [() => first, () => second];
  },
  "has one stream": (r) => [Object.is(r.body, r.body), r.body instanceof ReadableStream],
  "has a stream after it was read": (r) => [
    () => r.text(),
    () => r.body instanceof ReadableStream,
    () => Object.is(r.body, r.body),
  ],
  "has a stream that is empty after it was read": async (r) => {
    const { body } = r;
    await r.text();
    return body!.getReader().read();
  },
  "has a locked stream while it is read": async (r) => {
    const reading = r.text();
    return [r.body!.locked, () => reading];
  },
  "has a stream that is not locked at first": (r) => [r.body!.locked, r.bodyUsed],
  "is not used by a reader that has not read": (r) => {
    const reader = r.body!.getReader();
    return [r.bodyUsed, r.body!.locked, async () => (await reader.read()).done, () => r.bodyUsed];
  },
  "is not read when its stream is locked": (r) => {
    r.body!.getReader();
    return [...READS.map((read) => () => r[read]()), () => r.bodyUsed];
  },
  "is read when the lock was given up": (r) => {
    r.body!.getReader().releaseLock();
    return [r.bodyUsed, () => r.text(), () => r.bodyUsed];
  },
  "is not read when some of it was": async (r) => {
    const reader = r.body!.getReader();
    await reader.read();
    reader.releaseLock();
    return [r.bodyUsed, () => r.text(), () => r.clone(), () => new Request(r)];
  },
  "is used when it was cancelled": (r) => [() => r.body!.cancel(), () => r.bodyUsed, () => r.text()],
  "is read by iteration": async (r) => {
    let all = "";
    for await (const piece of r.body!) all += new TextDecoder().decode(piece);
    return [all, r.bodyUsed];
  },
  "is read by a BYOB reader": async (r) => {
    const reader = r.body!.getReader({ mode: "byob" });
    const { done, value } = await reader.read(new Uint8Array(10));
    return [done, value instanceof Uint8Array && value.length > 0, () => r.bodyUsed];
  },
  "gives bytes": async (r) => {
    const { value } = await r.body!.getReader().read();
    return [value instanceof Uint8Array, Object.prototype.toString.call(value)];
  },
  "goes through a pipe": (r) => [
    () => new Response(r.body!.pipeThrough(new TransformStream())).text(),
    () => r.bodyUsed,
  ],
  "goes into a sink": async (r) => {
    let size = 0;
    await r.body!.pipeTo(new WritableStream({ write: (piece: Uint8Array) => void (size += piece.length) }));
    return [size, r.bodyUsed];
  },
  "is read as text through a decoder": (r) =>
    new Response(
      r.body!.pipeThrough(new TextDecoderStream() as unknown as TransformStream<Uint8Array, Uint8Array>)
        .pipeThrough(new TextEncoderStream() as unknown as TransformStream<Uint8Array, Uint8Array>),
    ).text(),
  "goes into a response": (r) => [() => new Response(r.body).text(), () => r.bodyUsed],
  "goes into a response and is locked there": (r) => {
    new Response(r.body);
    return [r.bodyUsed, () => r.body!.locked];
  },
  "is teed into two that have all of it": async (r) => {
    const [a, b] = r.body!.tee();
    return [r.body!.locked, () => new Response(b).text(), () => new Response(a).text(), () => r.text()];
  },
};

const COPIES: Record<string, Run> = {
  "clone() first, then the request": (r) => {
    const clone = r.clone();
    return [() => clone.text(), () => r.bodyUsed, () => clone.bodyUsed, () => r.text(), () => r.bodyUsed];
  },
  "the request first, then clone()": (r) => {
    const clone = r.clone();
    return [() => r.text(), () => clone.bodyUsed, () => clone.text(), () => clone.bodyUsed];
  },
  "both at once": (r) => {
    const clone = r.clone();
    return Promise.all([r.text(), clone.text()]);
  },
  "three clones": (r) => {
    const clones = [r.clone(), r.clone(), r.clone()];
    return Promise.all([...clones, r].map((each) => each.text()));
  },
  "clone() leaves the request unused": (r) => [r.clone().bodyUsed, r.bodyUsed, r.body!.locked],
  "the stream of a request with a clone is read": (r) => {
    const clone = r.clone();
    return [() => new Response(r.body).text(), () => r.bodyUsed, () => clone.text()];
  },
  "a clone is read in each way": (r) =>
    READS.filter((read) => read !== "blob").map((read) => () => r.clone()[read]()),
  "a clone is read as a Blob": (r) => r.clone().blob(),
  "clone() of what was read": (r) => [() => r.text(), () => r.clone(), () => r.clone().text()],
  "clone() of what was cancelled": (r) => [() => r.body!.cancel(), () => r.clone()],
  "clone() of what is locked": (r) => {
    r.body!.getReader();
    return [() => r.clone(), () => r.bodyUsed];
  },
  "clone() of what was teed": (r) => {
    r.body!.tee();
    return [() => r.clone()];
  },
  "the stream that was looked at before clone()": (r) => {
    const { body } = r;
    const clone = r.clone();
    return [body!.locked, () => clone.text(), () => r.text()];
  },
  "new Request() takes the body": (r) => {
    const other = new Request(r);
    return [r.bodyUsed, () => other.text(), () => r.text(), () => r.bodyUsed, () => r.clone()];
  },
  "new Request() of what was read": (r) => [
    () => r.text(),
    () => new Request(r),
    () => new Request(r, { headers: {} }),
    () => new Request("http://b.example/", r),
  ],
  "new Request() with another body of what was read": (r) => [
    () => r.text(),
    () => new Request(r, { body: "other" }).text(),
  ],
  "new Request() of what is locked": (r) => {
    r.body!.getReader();
    return [() => new Request(r), () => r.bodyUsed];
  },
  "new Request() with another body leaves the body": (r) => [
    () => new Request(r, { body: "other" }).text(),
    () => r.bodyUsed,
    () => r.text(),
  ],
  "new Request() of another URL takes the body": (r) => [
    () =>
      new Request("http://b.example/", { method: "POST", body: r.body, duplex: "half" } as RequestInit)
        .text(),
    () => r.bodyUsed,
  ],
  "new Request() of another URL takes the request": (r) => [
    () => new Request("http://b.example/", r).text(),
    () => r.bodyUsed,
  ],
  "new Request() cannot make a GET of it": (r) => [
    () => new Request(r, { method: "GET" }),
    () => new Request(r, { method: "HEAD" }),
  ],
  "a stream for a body needs duplex": (r) =>
    new Request("http://b.example/", { method: "POST", body: r.body }),
  "new Request() of clone() leaves the request": (r) => [
    () => new Request(r.clone()).text(),
    () => r.bodyUsed,
    () => r.text(),
  ],
};

const WITHOUT: Record<string, Run> = {
  "is null, and read as nothing again and again": (r) => [
    r.body,
    () => r.text(),
    () => r.bodyUsed,
    () => r.text(),
    () => r.arrayBuffer(),
    () => r.bytes(),
    () => r.blob(),
    () => r.bodyUsed,
  ],
  "is no JSON and no form": (r) => [() => r.json(), () => r.formData(), () => r.bodyUsed],
  "is null in copies": (
    r,
  ) => [r.clone().body, () => new Request(r).body, () => r.clone().text(), () => r.text()],
  "stays null after it was read": (r) => [
    () => r.text(),
    () => r.clone().body,
    () => new Request(r).body,
    () => r.body,
  ],
};

function* cases(): Generator<RequestCase> {
  for (const [body, asked] of Object.entries(BODIES)) {
    for (const read of READS) {
      yield { name: `${read}() of ${body}`, asked, run: (r) => r[read]() };
    }
    yield { name: `bodyUsed after ${body} was read`, asked, run: (r) => [() => r.bytes(), () => r.bodyUsed] };
  }
  for (const [name, run] of Object.entries({ ...USE, ...COPIES })) {
    yield { name: `the body: ${name}`, asked: HELLO, run };
  }
  for (const [name, run] of Object.entries(WITHOUT)) {
    yield { name: `the body of GET: ${name}`, asked: {}, run };
    yield { name: `the body of an empty POST: ${name}`, asked: { method: "POST" }, run };
  }
}

/** All of them. */
export const requestBodyCases: readonly RequestCase[] = [...cases()];

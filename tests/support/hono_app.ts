/**
 * An application that knows nothing of Mooring, and does with `Response` what applications do; and what to ask it.
 */
import { type Context, Hono, type Next } from "hono";
import { deleteCookie, setCookie } from "hono/cookie";
import { compress } from "hono/compress";
import { cors } from "hono/cors";
import { etag } from "hono/etag";
import { HTTPException } from "hono/http-exception";
import { prettyJSON } from "hono/pretty-json";
import { secureHeaders } from "hono/secure-headers";
import { stream, streamSSE, streamText } from "hono/streaming";

/** The application. */
export const app: Hono = new Hono();

app.get("/text", (c) => c.text("grün"));
app.get("/text/headers", (c) => c.text("text", 201, { "X-A": "1", "Set-Cookie": ["a=1", "b=2"] }));
app.get("/json", (c) => c.json({ a: [1, "grün", null] }));
app.get("/json/status", (c) => c.json({ error: "gone" }, 410, { "x-a": "1" }));
app.get("/html", (c) => c.html("<p>grün</p>"));
app.get("/bytes", (c) => c.body(new Uint8Array([0, 1, 254, 255])));
app.get("/buffer", (c) => c.body(new Uint8Array([0, 1, 254, 255]).buffer, 200, { "content-type": "x/y" }));
app.get("/large", (c) => c.body(new Uint8Array(200_000).fill(97)));
app.get("/nothing", (c) => c.body(null, 204));
app.get("/empty", (c) => c.body(null));
app.get("/not-modified", (c) => c.body(null, 304));
app.get("/redirect", (c) => c.redirect("/json"));
app.get("/redirect/303", (c) => c.redirect("http://b.example/ü", 303));
app.get("/header", (c) => {
  c.header("X-A", "1");
  c.header("X-A", "2", { append: true });
  c.header("X-B", "3");
  c.header("X-B", undefined);
  c.status(202);
  return c.text("text");
});
app.get("/cookies", (c) => {
  setCookie(c, "a", "1 ü", { path: "/", httpOnly: true });
  setCookie(c, "b", "2", { maxAge: 10, sameSite: "Lax" });
  deleteCookie(c, "c");
  return c.json({});
});
app.get("/new-response", (c) => c.newResponse("new", 203, { "x-a": "1" }));
app.get("/native", () => new Response("native", { headers: { "x-a": "1" } }));
app.get("/native/plain", () => new Response("native"));
app.get("/native/json", () => Response.json({ a: 1 }, { status: 201 }));
app.get("/native/redirect", () => Response.redirect("http://b.example/", 308));
app.get("/native/clone", () => new Response("native", { status: 206 }).clone());
app.get("/native/subclass", () => new (class extends Response {})("native", { status: 206 }));
app.get("/header-then-native", (c) => {
  c.header("x-a", "1");
  setCookie(c, "a", "1");
  return new Response("native", { headers: { "x-b": "2", "set-cookie": "b=2" } });
});

app.get("/stream", (c) =>
  stream(c, async (stream) => {
    await stream.write(new Uint8Array([104, 105]));
    await stream.pipe(new Blob([" there"]).stream());
  }));
app.get("/stream/text", (c) =>
  streamText(c, async (stream) => {
    await stream.writeln("grün");
    await stream.write("end");
  }));
app.get("/stream/events", (c) =>
  streamSSE(c, async (stream) => {
    for (let i = 0; i < 3; i++) await stream.writeSSE({ event: "count", id: String(i), data: `${i}\n${i}` });
  }));
app.get("/stream/header", (c) => {
  c.header("x-a", "1");
  return c.body(new Blob(["streamed"]).stream());
});

app.post("/echo", async (c) => c.body(await c.req.arrayBuffer()));
app.post("/echo/json", async (c) => c.json({ got: await c.req.json() }, 201));
app.post("/echo/form", async (c) => c.json(await c.req.parseBody()));
app.post("/echo/stream", (c) => c.body(c.req.raw.body as ReadableStream));

// Middleware. Each does one thing to the responses of a text, JSON, bytes, a stream and a native Response.

const answers: Record<string, (c: Context) => Response | Promise<Response>> = {
  text: (c) => c.text("text"),
  html: (c) => c.html("<p>"),
  json: (c) => c.json({ a: 1 }),
  bytes: (c) => c.body(new Uint8Array([104, 105])),
  null: (c) => c.body(null),
  cookie: (c) => (setCookie(c, "a", "1"), c.text("cookie")),
  stream: (c) => c.body(new Blob(["streamed"]).stream()),
  native: () => new Response("native", { headers: { "x-b": "1" } }),
  later: async (c) => (await null, c.text("later")),
};

const middleware: Record<string, (c: Context, next: Next) => Promise<Response | void>> = {
  sets: async (c, next) => {
    await next();
    c.res.headers.set("x-a", "1");
    c.res.headers.append("set-cookie", "m=1");
  },
  "sets-before": async (c, next) => {
    c.header("x-a", "1");
    c.res.headers.set("x-b", "2");
    await next();
  },
  deletes: async (c, next) => {
    await next();
    c.res.headers.delete("content-type");
    c.res.headers.delete("x-b");
  },
  reads: async (c, next) => {
    await next();
    const { status, ok, headers } = c.res;
    c.res.headers.set("x-read", [status, ok, headers.get("content-type"), headers.has("x-b")].join(" "));
  },
  "reads-body": async (c, next) => {
    await next();
    c.res.headers.set("x-length", String((await c.res.clone().arrayBuffer()).byteLength));
  },
  replaces: async (c, next) => {
    await next();
    c.res = new Response(`${await c.res.text()}!`, c.res);
  },
  "replaces-head": async (c, next) => {
    await next();
    c.res = new Response(c.res.body, { status: 203, headers: c.res.headers });
  },
  "replaces-all": async (c, next) => {
    await next();
    c.res = undefined;
    c.res = new Response("other", { status: 404 });
  },
  returns: async (c, next) => {
    await next();
    return c.text("never seen");
  },
  "stops": async (c) => c.text("stopped", 403),
  "throws": async () => {
    throw new Error("thrown in middleware");
  },
  etag: etag(),
  compress: compress({ threshold: 0 }),
  cors: cors({ origin: "http://b.example", exposeHeaders: ["x-a"] }),
  pretty: prettyJSON(),
  secure: secureHeaders(),
};

for (const [name, use] of Object.entries(middleware)) {
  app.use(`/${name}/*`, use);
  for (const [kind, answer] of Object.entries(answers)) app.get(`/${name}/${kind}`, answer);
}

app.get("/throws", () => {
  throw new Error("thrown");
});
app.get("/exception", () => {
  throw new HTTPException(401, { message: "who are you?" });
});
app.get("/exception/response", () => {
  throw new HTTPException(401, { res: new Response("who?", { status: 401, headers: { "x-a": "1" } }) });
});
app.notFound((c) => c.text(`no ${c.req.path}`, 404));
app.onError((error, c) =>
  error instanceof HTTPException ? error.getResponse() : c.json({ error: error.message }, 500)
);

const other = new Hono();
other.get("/", (c) => c.text("mounted"));
app.mount("/mounted", other.fetch);
app.route("/routed", other);

/** A request to it. */
export interface Asked {
  readonly method: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

function* asks(): Generator<Asked> {
  const gets = app.routes.filter(({ method, path }) => method === "GET" && !path.includes("*"))
    .map(({ path }) => path);
  const headers = { "accept-encoding": "gzip", origin: "http://b.example" };
  for (const path of [...new Set(gets), "/json?pretty", "/pretty/json?pretty", "/missing", "/mounted/x"]) {
    yield { method: "GET", path, headers, body: "" };
    yield { method: "HEAD", path, headers, body: "" };
  }
  yield { method: "OPTIONS", path: "/cors/text", headers, body: "" };
  yield { method: "GET", path: "/etag/text", headers: { "if-none-match": "*" }, body: "" };
  const form = { "content-type": "application/x-www-form-urlencoded" };
  yield { method: "POST", path: "/echo", headers: {}, body: "echo" };
  yield { method: "POST", path: "/echo/json", headers: {}, body: '{"a":1}' };
  yield { method: "POST", path: "/echo/json", headers: {}, body: "no JSON" };
  yield { method: "POST", path: "/echo/form", headers: form, body: "a=1&b=2" };
  yield { method: "POST", path: "/echo/stream", headers: {}, body: "streamed" };
  yield { method: "POST", path: "/text", headers: {}, body: "unread" };
}

/** What to ask it. */
export const asked: readonly Asked[] = [...asks()];

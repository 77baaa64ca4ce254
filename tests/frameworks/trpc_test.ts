/**
 * tRPC by its fetch adapter: calls on the wire, and by its client, in batches, streams and subscriptions.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { createTRPCClient, httpBatchLink, httpBatchStreamLink, TRPCClientError } from "@trpc/client";
import { initTRPC, TRPCError } from "@trpc/server";
import { fetchRequestHandler } from "@trpc/server/adapters/fetch";
import { z } from "zod";
import { multipart, type Row, testAnswers, testClientLeaves } from "../support/frameworks/answers.ts";
import { type Application, onMooring } from "../support/frameworks/servers.ts";

const { router, procedure } = initTRPC.context<{ user: string | null; onReturn: () => void }>().create({
  isDev: false,
});

const appRouter = router({
  hello: procedure.input(z.string()).query(({ input, ctx }) => `hello ${input}, says ${ctx.user}`),
  add: procedure.input(z.object({ a: z.number(), b: z.number() })).mutation(({ input }) => input.a + input.b),
  later: procedure.input(z.number()).query(async ({ input }) => (await null, input)),
  form: procedure.input(z.instanceof(FormData)).mutation(async ({ input }) => {
    const file = input.get("file") as File;
    return [input.get("title"), file.name, await file.text()];
  }),
  refused: procedure.query(() => {
    throw new TRPCError({ code: "FORBIDDEN", message: "not you" });
  }),
  words: procedure.query(async function* () {
    for (const word of ["one", "two", "three"]) yield word;
  }),
  count: procedure.subscription(async function* () {
    for (let count = 1; count <= 2; count++) yield count;
  }),
  quiet: procedure.subscription(async function* ({ ctx, signal }) {
    try {
      yield "first";
      await new Promise((resolve) => signal!.addEventListener("abort", resolve));
    } finally {
      ctx.onReturn();
    }
  }),
});

/** The application; `onReturn` is called when the subscription `quiet` ends. */
function make(onReturn: () => void = () => {}): Application {
  return (req) =>
    fetchRequestHandler({
      endpoint: "/trpc",
      req,
      router: appRouter,
      createContext: () => ({ user: req.headers.get("authorization"), onReturn }),
      responseMeta: () => ({ headers: new Headers({ "x-served-by": "trpc" }) }),
    });
}

const input = (value: unknown): string => `input=${encodeURIComponent(JSON.stringify(value))}`;
const json = { "content-type": "application/json" };
const upload = multipart([
  { name: "title", value: "häfen" },
  { name: "file", value: "inside", file: "a.txt", type: "text/plain" },
]);

const rows: readonly Row[] = [
  ["a query", { path: `/trpc/hello?${input("grün")}`, headers: { authorization: "me" } }, {
    json: { result: { data: "hello grün, says me" } },
    fields: { "x-served-by": "trpc" },
  }],
  ["HEAD", { method: "HEAD", path: `/trpc/hello?${input("you")}` }, { status: 204 }],
  ["a mutation", { method: "POST", path: "/trpc/add", headers: json, body: '{"a":1,"b":2}' }, {
    json: { result: { data: 3 } },
  }],
  ["a batch", { path: `/trpc/hello,later?batch=1&${input({ 0: "a", 1: 7 })}` }, {
    json: [{ result: { data: "hello a, says null" } }, { result: { data: 7 } }],
  }],
  ["a form", { method: "POST", path: "/trpc/form", ...upload }, {
    json: { result: { data: ["häfen", "a.txt", "inside"] } },
  }],
  ["an error", { path: "/trpc/refused" }, { status: 403, text: /not you/ }],
  ["input that is not valid", { path: `/trpc/hello?${input(1)}` }, { status: 400, text: /BAD_REQUEST/ }],
  ["a mutation by GET", { path: `/trpc/add?${input({ a: 1, b: 2 })}` }, { status: 405 }],
  ["404", { path: "/trpc/nothing" }, { status: 404, text: /NOT_FOUND/ }],
  ["a subscription", { path: "/trpc/count" }, {
    fields: { "content-type": /^text\/event-stream/ },
    text: /data: 1\n.*data: 2\n/s,
  }],
];

testAnswers("tRPC", () => make(), rows);

testClientLeaves(
  "tRPC: a subscription ends",
  () => {
    let told = false;
    return { fetch: make(() => told = true), told: () => told };
  },
  { path: "/trpc/quiet" },
  'data: "first"',
);

for (const [name, link] of [["batches", httpBatchLink], ["streams batches", httpBatchStreamLink]] as const) {
  test(`tRPC: its client ${name}`, async () => {
    await using mooring = await onMooring(make());
    const url = `http://127.0.0.1:${mooring.port}/trpc`;
    const client = createTRPCClient<typeof appRouter>({
      links: [link({ url, headers: { authorization: "me" } })],
    });
    const [hello, later, refused, sum] = await Promise.all([
      client.hello.query("you"),
      client.later.query(7),
      client.refused.query().catch((error: unknown) => error),
      client.add.mutate({ a: 1, b: 2 }),
    ]);
    assert.deepEqual([hello, later, sum], ["hello you, says me", 7, 3]);
    assert.ok(refused instanceof TRPCClientError);
    assert.equal(refused.message, "not you");
    assert.deepEqual(mooring.errors, []);
  });
}

test("tRPC: its client reads what a query yields", async () => {
  await using mooring = await onMooring(make());
  const url = `http://127.0.0.1:${mooring.port}/trpc`;
  const client = createTRPCClient<typeof appRouter>({ links: [httpBatchStreamLink({ url })] });
  const words: string[] = [];
  for await (const word of await client.words.query()) words.push(word);
  assert.deepEqual(words, ["one", "two", "three"]);
});

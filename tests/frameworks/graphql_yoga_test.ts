/**
 * GraphQL Yoga, whose responses are of a class of its own on Node.
 */
import { createSchema, createYoga } from "graphql-yoga";
import { multipart, type Row, testAnswers, testClientLeaves } from "../support/frameworks/answers.ts";
import type { Application } from "../support/frameworks/servers.ts";

const typeDefs = `
  scalar File
  type Query { hello(name: String): String!, header(name: String!): String, broken: String }
  type Mutation { add(a: Int!, b: Int!): Int!, read(file: File!): String! }
  type Subscription { count(to: Int!): Int!, quiet: String! }
`;

/** The application; `onReturn` is called when the subscription `quiet` ends. */
function make(onReturn: () => void = () => {}): Application {
  const schema = createSchema<{ request: Request }>({
    typeDefs,
    resolvers: {
      Query: {
        hello: (_, { name }: { name?: string }) => `hello ${name ?? "world"}`,
        header: (_, { name }: { name: string }, { request }) => request.headers.get(name),
        broken: () => {
          throw new Error("a secret");
        },
      },
      Mutation: {
        add: (_, { a, b }: { a: number; b: number }) => a + b,
        read: async (_, { file }: { file: File }) => `${file.name}: ${await file.text()}`,
      },
      Subscription: {
        count: {
          async *subscribe(_: unknown, { to }: { to: number }) {
            for (let count = 1; count <= to; count++) yield { count };
          },
        },
        quiet: {
          async *subscribe(_: unknown, __: unknown, { request }: { request: Request }) {
            try {
              yield { quiet: "first" };
              await new Promise((resolve) => request.signal.addEventListener("abort", resolve));
            } finally {
              onReturn();
            }
          },
        },
      },
    },
  });
  const yoga = createYoga({ schema, logging: false, graphiql: false, cors: { origin: "http://b.example" } });
  return (request) => yoga.fetch(request) as Response | Promise<Response>;
}

const json = { "content-type": "application/json" };
const path = "/graphql";
const query = (text: string, variables: object = {}): string => JSON.stringify({ query: text, variables });
const events = { accept: "text/event-stream" };
const subscribe = (text: string): string => `${path}?query=${encodeURIComponent(`subscription { ${text} }`)}`;

const upload = multipart([
  { name: "operations", value: query("mutation ($f: File!) { read(file: $f) }", { f: null }) },
  { name: "map", value: '{"0":["variables.f"]}' },
  { name: "0", value: "inside", file: "a.txt", type: "text/plain" },
]);

const rows: readonly Row[] = [
  ["a query by GET", { path: `${path}?query=%7Bhello%7D` }, { json: { data: { hello: "hello world" } } }],
  ["a query by POST", {
    method: "POST",
    path,
    headers: json,
    body: query("query ($n: String) { hello(name: $n) }", { n: "grün" }),
  }, { json: { data: { hello: "hello grün" } } }],
  ["a field of the request", {
    method: "POST",
    path,
    headers: { ...json, "x-a": "1" },
    body: query('{ header(name: "x-a") }'),
  }, { json: { data: { header: "1" } } }],
  ["a mutation", { method: "POST", path, headers: json, body: query("mutation { add(a: 1, b: 2) }") }, {
    json: { data: { add: 3 } },
  }],
  ["a mutation by GET", { path: `${path}?query=mutation%7Badd(a:1,b:2)%7D` }, { status: 405 }],
  ["an upload", { method: "POST", path, ...upload }, { json: { data: { read: "a.txt: inside" } } }],
  ["an error of a resolver", { method: "POST", path, headers: json, body: query("{ broken }") }, {
    text: /^(?!.*a secret).*Unexpected error/s,
  }],
  ["a query that is not valid", {
    method: "POST",
    path,
    headers: { ...json, accept: "application/graphql-response+json" },
    body: query("{ nothing }"),
  }, { status: 400, text: /nothing/ }],
  ["malformed JSON", { method: "POST", path, headers: json, body: "{" }, { status: 400 }],
  ["another media type", { method: "POST", path, headers: { "content-type": "x/y" }, body: "x" }, {
    status: 415,
  }],
  ["another method", { method: "PUT", path }, { status: 405, fields: { allow: /GET.*POST/ } }],
  ["404", { path: "/nowhere" }, { status: 404 }],
  ["the health check", { path: "/health" }, { status: 200, text: "" }],
  ["a preflight", {
    method: "OPTIONS",
    path,
    headers: { origin: "http://b.example", "access-control-request-method": "POST" },
  }, { status: 204, fields: { "access-control-allow-origin": "http://b.example" } }],
  ["a subscription", { path: subscribe("count(to: 2)"), headers: events }, {
    fields: { "content-type": /^text\/event-stream/ },
    text: /data: \{"data":\{"count":1\}\}\n\n.*data: \{"data":\{"count":2\}\}\n\n.*event: complete/s,
  }],
];

testAnswers("GraphQL Yoga", () => make(), rows);

testClientLeaves(
  "GraphQL Yoga: a subscription ends",
  () => {
    let told = false;
    return { fetch: make(() => told = true), told: () => told };
  },
  { path: subscribe("quiet"), headers: events },
  '{"quiet":"first"}',
);

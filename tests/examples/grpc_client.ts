/**
 * A program: calls the service of `examples/grpc` at the URL, or `unix:` and a path, in its arguments by the client that is named there, and ends
 * well where all was right. Node runs it, whichever runtime the server has.
 */
import assert from "node:assert/strict";
import { once } from "node:events";
import { createRequire } from "node:module";
import process from "node:process";
import { fileURLToPath } from "node:url";
import {
  createFileRegistry,
  type DescMessage,
  type DescMethod,
  fromBinary,
  type MessageShape,
} from "@bufbuild/protobuf";
import { FileDescriptorProtoSchema, FileDescriptorSetSchema } from "@bufbuild/protobuf/wkt";
import { Code, ConnectError, createClient } from "@connectrpc/connect";
import { createGrpcTransport } from "@connectrpc/connect-node";
import type { ChannelOptions, ServiceError } from "@grpc/grpc-js";
import { AUTHORITY } from "../support/certificates.ts";
import { repository } from "../support/repository.ts";

const require = createRequire(import.meta.url);
const grpc = require("@grpc/grpc-js") as typeof import("@grpc/grpc-js");
const loader = require("@grpc/proto-loader") as typeof import("@grpc/proto-loader");
const definition = loader.loadSync(fileURLToPath(new URL("examples/words.proto", repository)), {
  defaults: true,
  keepCase: true,
});

/** How a call has failed. */
interface Failure {
  readonly code: number;
  readonly message: string;
}

/** What both clients do. */
interface Client {
  greet(name: string, timeout?: number): Promise<string>;
  split(text: string): Promise<string[]>;
  join(words: readonly string[]): Promise<string>;
  /** Sends each word when the answer to the last one has come. */
  shout(words: readonly string[]): Promise<string[]>;
  /** Counts each `interval` milliseconds, and cancels the call at `most`; or counts until the deadline. */
  count(interval: number, most: number, timeout?: number): Promise<number>;
  missing(): Promise<void>;
  close(): void;
}

/** `@grpc/grpc-js`. */
function grpcJs(url: string): Client {
  const { mooring } = grpc.loadPackageDefinition(definition) as unknown as {
    mooring: { example: { Words: import("@grpc/grpc-js").ServiceClientConstructor } };
  };
  const target = url.replace(/^https?:\/\//, "").replace(/\/$/, "");
  // An address is no server name.
  const options: ChannelOptions = { "grpc.ssl_target_name_override": "localhost" };
  const credentials = url.startsWith("https:")
    ? grpc.credentials.createSsl(Buffer.from(AUTHORITY))
    : grpc.credentials.createInsecure();
  // deno-lint-ignore no-explicit-any -- its methods are made of the definition
  const client = new mooring.example.Words(target, credentials, options) as any;
  const deadline = (timeout?: number) => timeout === undefined ? {} : { deadline: Date.now() + timeout };
  const call = <T>(begin: (done: (error: ServiceError | null, answer?: { value: T }) => void) => void) =>
    new Promise<T>((resolve, reject) => {
      begin((error, answer) =>
        error ? reject({ code: error.code, message: error.details }) : resolve(answer!.value)
      );
    });
  const all = async <T>(stream: AsyncIterable<{ value: T }>): Promise<T[]> => {
    const values: T[] = [];
    for await (const { value } of stream) values.push(value);
    return values;
  };
  const told = ({ code, details }: ServiceError): Failure => ({ code, message: details });
  return {
    greet: (value, timeout) => call((done) => client.Greet({ value }, deadline(timeout), done)),
    split: (value) => all<string>(client.Split({ value })),
    join: (words) =>
      call((done) => {
        const stream = client.Join(done);
        for (const value of words) stream.write({ value });
        stream.end();
      }),
    async shout(words) {
      const stream = client.Shout();
      const answers: string[] = [];
      let failure: Failure | null = null;
      stream.on("error", (error: ServiceError) => failure = told(error));
      const over = new Promise<void>((resolve) => stream.on("status", () => resolve()));
      for (const value of words) {
        stream.write({ value });
        const data = once(stream, "data").then(([{ value }]) => answers.push(value), () => {});
        await Promise.race([data, over]);
      }
      stream.end();
      stream.resume();
      await over;
      if (failure !== null) throw failure;
      return answers;
    },
    async count(value, most, timeout) {
      const stream = client.Count({ value }, deadline(timeout));
      let last = 0;
      let failure: Failure | null = null;
      stream.on("error", (error: ServiceError) => failure = told(error));
      stream.on("data", (answer: { value: number }) => {
        last = answer.value;
        if (last === most) stream.cancel();
      });
      await new Promise<void>((resolve) => stream.on("status", () => resolve()));
      throw Object.assign(failure ?? {}, { last });
    },
    missing: () =>
      call((done) =>
        client.makeUnaryRequest("/mooring.example.Words/None", Buffer.from, Buffer.from, "", done)
      ),
    close: () => client.close(),
  };
}

/** `@connectrpc/connect-node`, over gRPC. */
function connectNode(url: string): Client {
  const files = (definition["mooring.example.Words"] as unknown as {
    Greet: { requestType: { fileDescriptorProtos: Uint8Array[] } };
  }).Greet.requestType.fileDescriptorProtos.map((bytes) => fromBinary(FileDescriptorProtoSchema, bytes));
  // Each file before those that import it.
  const registry = createFileRegistry({
    $typeName: FileDescriptorSetSchema.typeName,
    file: files.reverse(),
  } as MessageShape<typeof FileDescriptorSetSchema>);
  const Words = registry.getService("mooring.example.Words")!;
  const transport = createGrpcTransport({ baseUrl: url, nodeOptions: { ca: AUTHORITY } });
  // deno-lint-ignore no-explicit-any -- its methods are made of the definition
  const client = createClient(Words, transport) as any;
  const told = (error: unknown): Failure => {
    const { code, rawMessage } = ConnectError.from(error);
    return { code, message: rawMessage };
  };
  const failing = async <T>(call: () => Promise<T>): Promise<T> => {
    try {
      return await call();
    } catch (error) {
      throw told(error);
    }
  };
  const each = async function* (words: readonly string[]): AsyncGenerator<{ value: string }> {
    for (const value of words) yield { value };
  };
  const options = (timeoutMs?: number) => timeoutMs === undefined ? {} : { timeoutMs };
  return {
    greet: (value, timeout) => failing(async () => (await client.greet({ value }, options(timeout))).value),
    split: (value) =>
      failing(async () => {
        const words: string[] = [];
        for await (const { value: word } of client.split({ value })) words.push(word);
        return words;
      }),
    join: (words) => failing(async () => (await client.join(each(words))).value),
    shout: (words) =>
      failing(async () => {
        const answers: string[] = [];
        let answered: () => void = () => {};
        const stream = client.shout((async function* () {
          for (const value of words) {
            const next = new Promise<void>((resolve) => answered = resolve);
            yield { value };
            await next;
          }
        })());
        for await (const { value } of stream) {
          answers.push(value);
          answered();
        }
        return answers;
      }),
    async count(value, most, timeout) {
      let last = 0;
      const cancelling = new AbortController();
      try {
        for await (
          const answer of client.count({ value }, { signal: cancelling.signal, ...options(timeout) })
        ) {
          last = answer.value;
          if (last === most) cancelling.abort();
        }
      } catch (error) {
        throw { ...told(error), last };
      }
      return last;
    },
    missing: () =>
      failing(async () => {
        const method = { ...Words.method.greet, name: "None" } as DescMethod;
        const one = { [method.localName]: method } as Record<string, DescMethod & { input: DescMessage }>;
        const service = { ...Words, method: one, methods: [method] } as typeof Words;
        // deno-lint-ignore no-explicit-any -- likewise
        const other = createClient(service, transport) as any;
        await other.greet({ value: "" });
      }),
    close: () => {},
  };
}

/** The clients. */
const CLIENTS: Record<string, (url: string) => Client> = {
  "@grpc/grpc-js": grpcJs,
  "@connectrpc/connect-node": connectNode,
};

/** What clients are asked to do. */
const CALLS: Record<string, (client: Client) => Promise<void>> = {
  async "make unary calls"(client) {
    assert.equal(await client.greet("Ada"), "Hello, Ada!");
    const names = Array.from({ length: 300 }, (_, i) => "ä".repeat(i % 100 + 1));
    const greetings = await Promise.all(names.map((name) => client.greet(name)));
    assert.deepEqual(greetings, names.map((name) => `Hello, ${name}!`));
    assert.equal((await client.greet("x".repeat(1_000_000), 20_000)).length, 1_000_008);
  },

  async "get streams"(client) {
    const words = Array.from({ length: 5000 }, (_, i) => `word${i}`);
    assert.deepEqual(await client.split(words.join(" ")), words);
    assert.deepEqual(await client.split(""), [""]);
  },

  async "send streams"(client) {
    const words = Array.from({ length: 5000 }, (_, i) => `word${i}`);
    assert.equal(await client.join(words), words.join(" "));
    assert.equal(await client.join([]), "");
  },

  async "talk both ways"(client) {
    const words = Array.from({ length: 200 }, (_, i) => `word${i}`);
    assert.deepEqual(await client.shout(words), words.map((word) => word.toUpperCase()));
    assert.deepEqual(await client.shout([]), []);
  },

  async "get errors, before the first message and behind it"(client) {
    await assert.rejects(client.greet(""), {
      code: Code.InvalidArgument,
      message: "whom? – a name is missing",
    });
    await assert.rejects(client.shout(["", "a"]), { code: Code.InvalidArgument, message: "a word is empty" });
    await assert.rejects(client.shout(["a", "", "b"]), {
      code: Code.InvalidArgument,
      message: "a word is empty",
    });
    await assert.rejects(client.missing(), { code: Code.Unimplemented });
    await assert.rejects(client.greet("x".repeat(4_194_304)), { code: Code.ResourceExhausted });
    assert.equal(await client.greet("Ada"), "Hello, Ada!");
  },

  async "cancel, and have a deadline"(client) {
    await assert.rejects(client.count(1, 5), (error: Failure & { last: number }) => {
      assert.equal(error.code, Code.Canceled);
      return error.last >= 5;
    });
    await assert.rejects(client.count(10, Infinity, 200), { code: Code.DeadlineExceeded });
  },
};

// Several calls have " | " between them.
const [, , name, calls, url] = process.argv;
if (url !== undefined) {
  const client = CLIENTS[name](url);
  for (const call of calls.split(" | ")) await CALLS[call](client);
  client.close();
}

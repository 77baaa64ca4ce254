// A gRPC service, on Deno, Bun and Node alike: a fetch handler over HTTP/2, which sends the outcome of a call in trailers.
// Messages are encoded by the `@bufbuild/protobuf` package.
// Run it with `npm start -- examples/grpc.ts`; PORT chooses the port.
import process from "node:process";
import { setTimeout as delay } from "node:timers/promises";
import { create, type DescMessage, fromBinary, type MessageShape, toBinary } from "@bufbuild/protobuf";
import { Int32ValueSchema, StringValueSchema } from "@bufbuild/protobuf/wkt";
import { serve } from "../mod.ts";
import {
  clientStream,
  type Codec,
  duplexStream,
  grpc,
  GrpcError,
  serverStream,
  STATUS,
  unary,
} from "./grpc_protocol.ts";
import { announce, endOnSignals } from "./support.ts";

function codec<Schema extends DescMessage>(schema: Schema): Codec<MessageShape<Schema>> {
  return { encode: (message) => toBinary(schema, message), decode: (bytes) => fromBinary(schema, bytes) };
}

const strings = codec(StringValueSchema);
const numbers = codec(Int32ValueSchema);
const string = (value: string) => create(StringValueSchema, { value });
const number = (value: number) => create(Int32ValueSchema, { value });

const server = await serve({
  port: Number(process.env.PORT ?? 8000),
  // HTTP/1.1 is spoken, too: what is no call gets an answer that people can read.
  http2: true,
  // A stream of messages may be silent for as long as it likes.
  requestTimeout: 0,
  minBodyRate: { bytesPerSecond: 0 },

  fetch: grpc({
    "/mooring.example.Words/Greet": unary(strings, strings, ({ value }) => {
      if (value === "") throw new GrpcError(STATUS.invalidArgument, "whom? – a name is missing");
      return string(`Hello, ${value}!`);
    }),

    "/mooring.example.Words/Split": serverStream(strings, strings, async function* ({ value }) {
      for (const word of value.split(/\s+/)) yield string(word);
    }),

    "/mooring.example.Words/Join": clientStream(strings, strings, async (words) => {
      const all: string[] = [];
      for await (const { value } of words) all.push(value);
      return string(all.join(" "));
    }),

    "/mooring.example.Words/Shout": duplexStream(strings, strings, async function* (words) {
      for await (const { value } of words) {
        if (value === "") throw new GrpcError(STATUS.invalidArgument, "a word is empty");
        yield string(value.toUpperCase());
      }
    }),

    "/mooring.example.Words/Count": serverStream(numbers, numbers, async function* ({ value }, { signal }) {
      try {
        for (let i = 1;; i++) {
          yield number(i);
          await delay(value, undefined, { signal });
        }
      } finally {
        console.log(`the count is over: ${(signal.reason as Error | undefined)?.name ?? "left"}`);
      }
    }),
  }),
});

endOnSignals(server);
announce(server, {
  Try: `grpcurl -plaintext -proto examples/words.proto -d '"Ada"' ${
    new URL(server.url).host
  } mooring.example.Words/Greet`,
});

/**
 * Whether a response is one of `fetch`, which decodes bodies and leaves `content-encoding` and `content-length` as
 * the other server sent them (Fetch standard, "HTTP-network fetch"). Sent on, both would be wrong.
 */

import { userAgent } from "./user_agent.ts";

/** What `fetch` of a platform decodes. */
interface Decoder {
  /** Matches the name that the platform gives itself. */
  readonly agent: RegExp;
  /** The codings (RFC 9110 §8.4.1). */
  readonly codings: readonly string[];
  /** Whether also those that were applied one after another. */
  readonly lists: boolean;
  /** Whether its option `decompress: false` leaves the body as it is. */
  readonly isOptional: boolean;
}

const DECODERS: readonly Decoder[] = [
  { agent: /^Deno\//, codings: ["gzip", "br"], lists: false, isOptional: false },
  {
    agent: /^Bun\//,
    codings: ["gzip", "x-gzip", "br", "deflate", "zstd"],
    lists: false,
    isOptional: true,
  },
  // Node before 21 gives itself no name.
  { agent: /^$/, codings: ["gzip", "x-gzip", "br", "deflate"], lists: true, isOptional: false },
  { agent: /^/, codings: ["gzip", "x-gzip", "br", "deflate", "zstd"], lists: true, isOptional: false },
];

const decoder = DECODERS.find(({ agent }) => agent.test(userAgent))!;

/** Bodies of `fetch` that it has decoded: responses are made of them, with the headers that they came with. */
const decodedBodies = new WeakSet<ReadableStream>();
/** Responses of which the program wanted the coded body. */
const codedResponses = new WeakSet<Response>();

/** Notes what `fetch` gives for `init`. */
export async function noteFetched(promised: Promise<Response>, init: unknown): Promise<Response> {
  const response = await promised;
  const { decompress } = (init ?? {}) as { decompress?: boolean };
  if (decoder.isOptional && decompress === false) codedResponses.add(response);
  else if (isDecoded(response) && response.body !== null) decodedBodies.add(response.body);
  return response;
}

/** Whether `body` is one that `fetch` has decoded. */
export function isDecodedBody(body: unknown): boolean {
  return body instanceof ReadableStream && decodedBodies.has(body);
}

/**
 * Whether `response` is one of `fetch`, and was coded as its headers say. An answer to HEAD and a 304 are, too: they
 * tell of a body that is sent decoded.
 */
export function isDecoded(response: Response, headers: Headers = response.headers): boolean {
  if (typeof response.url !== "string" || response.url === "") return false;
  const coded = headers.get("content-encoding");
  if (coded === null || codedResponses.has(response)) return false;
  const codings = coded.split(",").map((coding) => coding.trim().toLowerCase());
  return (decoder.lists || codings.length === 1) &&
    codings.every((coding) => decoder.codings.includes(coding));
}

/** Takes the fields out of `headers` that describe the coded body. */
export function describeDecoded(headers: Headers): void {
  headers.delete("content-encoding");
  headers.delete("content-length");
}

/** What fetch handlers answer, as a client in memory reads it. */
import type { ConnectionOptions } from "../../src/api/options.ts";
import type { FetchHandler } from "../../src/api/fetch.ts";
import { connect, type Connected, get, type ParsedResponse, parseResponses } from "./memory.ts";

/** Resolves once the server has nothing to do: all that is not timed has happened by then. */
export async function quiet(): Promise<void> {
  for (let i = 0; i < 20; i++) await new Promise<void>((resolve) => setImmediate(resolve));
}

/** What a handler answers to `request`, as the client reads it. */
export async function ask(
  fetch: FetchHandler,
  request: string = get(),
  options: Partial<ConnectionOptions> = {},
): Promise<Connected & { responses: ParsedResponse[] }> {
  const connected = connect({ fetch, ...options });
  connected.client.send(request);
  await quiet();
  return { ...connected, responses: parseResponses(connected.client.text(), [request.split(" ")[0]]) };
}

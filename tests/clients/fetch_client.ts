/**
 * A program: asks the sample server at the URL in its arguments in every way that `fetch` knows, and prints
 * what it got as JSON. Each runtime runs it as it is.
 */
import process from "node:process";

/** What the program prints. */
export interface FetchReport {
  /** Answers to requests one after the other, by path. */
  readonly sequential: readonly string[];
  /** Answers to requests made together, by path. */
  readonly concurrent: readonly string[];
  /** Whether bytes came back as they were sent. */
  readonly echoed: boolean;
  /** Bytes that came back of a body sent as a stream. */
  readonly streamedUp: number;
  /** Bytes of a body that came as a stream. */
  readonly streamedDown: number;
  /** Status and length of the body of a HEAD. */
  readonly head: readonly [status: number, length: number];
  readonly missing: readonly [status: number, text: string];
  readonly form: unknown;
}

/** How many requests of each kind; at most `together` at the same time. */
export const COUNTS = {
  sequential: 100,
  concurrent: 100,
  together: 10,
  upload: 200_000,
  streamed: 50_000,
} as const;

const base = process.argv[2];
if (base !== undefined) console.log(JSON.stringify(await askEverything(base)));

async function askEverything(base: string): Promise<FetchReport> {
  const ask = (path: string, init?: RequestInit): Promise<Response> => fetch(new URL(path, base), init);
  const text = async (path: string): Promise<string> => await (await ask(path)).text();

  const sequential: string[] = [];
  for (let i = 0; i < COUNTS.sequential; i++) sequential.push(await text(`/s${i}`));

  const concurrent: string[] = [];
  while (concurrent.length < COUNTS.concurrent) {
    const paths = Array.from({ length: COUNTS.together }, (_, i) => `/c${concurrent.length + i}`);
    concurrent.push(...await Promise.all(paths.map(text)));
  }

  const sent = new Uint8Array(COUNTS.upload).map((_, i) => i * 7);
  const back = new Uint8Array(await (await ask("/echo", { method: "POST", body: sent })).arrayBuffer());
  const echoed = back.length === sent.length && back.every((byte, i) => byte === sent[i]);

  let left: number = COUNTS.streamed;
  const stream = new ReadableStream<Uint8Array>({
    pull(controller) {
      if (left === 0) return controller.close();
      controller.enqueue(new Uint8Array(1000));
      left -= 1000;
    },
  });
  const streaming = { method: "POST", body: stream, duplex: "half" };
  const streamedUp = (await (await ask("/echo", streaming as RequestInit)).arrayBuffer()).byteLength;

  let streamedDown = 0;
  const reader = (await ask("/stream")).body!.getReader();
  for (let part = await reader.read(); !part.done; part = await reader.read()) {
    streamedDown += part.value.length;
  }

  const head = await ask("/head", { method: "HEAD" });
  const missing = await ask("/missing");
  const form = new FormData();
  form.set("text", "häfen");
  form.set("file", new File([sent], "upload.bin"));

  return {
    sequential,
    concurrent,
    echoed,
    streamedUp,
    streamedDown,
    head: [head.status, (await head.arrayBuffer()).byteLength],
    missing: [missing.status, await missing.text()],
    form: await (await ask("/form", { method: "POST", body: form })).json(),
  };
}

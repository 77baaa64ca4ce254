// The bodies that the application makes as it sends them, in the ways in which people write such.

import { BLOCKS, BYTES_64K, EVENTS, eventText, LINE, LINES } from "./content.ts";

type Stream = ReadableStream<Uint8Array<ArrayBuffer>>;

const encoder = new TextEncoder();

export const pulledLines = (): Stream => pulled(LINE, LINES);
export const pulledBlocks = (): Stream => pulled(BYTES_64K, BLOCKS);

/** A stream that is asked for each chunk. */
function pulled(chunk: Uint8Array<ArrayBuffer>, count: number): Stream {
  let sent = 0;
  return new ReadableStream({
    pull(controller) {
      if (sent++ < count) controller.enqueue(chunk);
      else controller.close();
    },
  });
}

/** The same, where each chunk has to be waited for. */
export function awaitedLines(): Stream {
  let sent = 0;
  const next = async () => sent++ < LINES ? LINE : undefined;
  return new ReadableStream({
    async pull(controller) {
      const line = await next();
      if (line) controller.enqueue(line);
      else controller.close();
    },
  });
}

/** Events that somebody writes meanwhile. */
export function writtenEvents(): Stream {
  const { readable, writable } = new TransformStream<Uint8Array<ArrayBuffer>, Uint8Array<ArrayBuffer>>();
  const write = async () => {
    const writer = writable.getWriter();
    for (let id = 0; id < EVENTS; id++) await writer.write(encoder.encode(eventText(id)));
    await writer.close();
  };
  write().catch(() => {}); // a client that goes away cancels the stream
  return readable;
}

/** Events of an asynchronous generator, made a stream of as MDN shows it. */
export function generatedEvents(): Stream {
  const events = generateEvents();
  return new ReadableStream({
    async pull(controller) {
      const { value, done } = await events.next();
      if (done) controller.close();
      else controller.enqueue(encoder.encode(value));
    },
    async cancel() {
      await events.return();
    },
  });
}

async function* generateEvents(): AsyncGenerator<string, void, void> {
  for (let id = 0; id < EVENTS; id++) yield eventText(id);
}

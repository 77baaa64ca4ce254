/**
 * A byte stream of whatever gives text and bytes one after another, which not every platform's `Response`
 * takes.
 */

const encoder = new TextEncoder();

/** Whether `body` gives pieces, and is no stream already. */
export function isPieces(body: unknown): body is AsyncIterable<string | Uint8Array> {
  return typeof body === "object" && body !== null && Symbol.asyncIterator in body &&
    !(body instanceof ReadableStream);
}

/** A stream of `pieces`; cancelling it ends them. */
export function streamOf(pieces: AsyncIterable<string | Uint8Array>): ReadableStream<Uint8Array> {
  const iterator = pieces[Symbol.asyncIterator]();
  return new ReadableStream({
    async pull(controller) {
      const { done, value } = await iterator.next();
      if (done) controller.close();
      else controller.enqueue(typeof value === "string" ? encoder.encode(value) : value);
    },
    async cancel(reason) {
      await iterator.return?.(reason);
    },
  }, { highWaterMark: 0 });
}

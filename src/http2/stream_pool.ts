/**
 * Streams that are not in use, of all servers of this thread. One is released only when it is closed, its exchange is over,
 * and nothing can refer to it.
 */
import { FreeList } from "../wire/free_list.ts";
import { Http2Stream } from "./stream.ts";

/** More than are ever under way in one burst of input. */
const MAX_POOLED = 256;

const pool = new FreeList<Http2Stream>(MAX_POOLED);

/** A stream to begin. */
export function acquireStream(): Http2Stream {
  return pool.pop() ?? new Http2Stream();
}

/** Takes back a stream. */
export function releaseStream(stream: Http2Stream): void {
  stream.release();
  pool.push(stream);
}

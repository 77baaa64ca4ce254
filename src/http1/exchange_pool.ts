/**
 * Exchanges that are not in use, of all servers of this thread. An exchange is released only when it is over and nothing
 * can refer to it: its handler has ended, and its connection was not lost.
 */
import { HttpExchange } from "../core/exchange.ts";
import { FreeList } from "../wire/free_list.ts";
import { RequestHead } from "./request_head.ts";
import { ResponseWriter } from "./response_writer.ts";

/** More than are ever under way in one burst of input. */
const MAX_POOLED = 256;

/** An exchange whose request and response are HTTP/1.1. */
export class Http1Exchange extends HttpExchange {
  declare readonly head: RequestHead;
  declare readonly response: ResponseWriter;

  /** Not begun yet. */
  constructor() {
    super(new RequestHead(), new ResponseWriter());
  }
}

const pool = new FreeList<Http1Exchange>(MAX_POOLED);

/** An exchange to use. */
export function acquireExchange(): Http1Exchange {
  return pool.pop() ?? new Http1Exchange();
}

/** Takes back an exchange. */
export function releaseExchange(exchange: Http1Exchange): void {
  exchange.head.reset();
  pool.push(exchange);
}

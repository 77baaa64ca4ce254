/**
 * An exchange whose request and response are HTTP/2's.
 */
import { HttpExchange } from "../core/exchange.ts";
import { Http2Request, RequestLines } from "./request.ts";
import { Http2Response } from "./response.ts";

const NO_REQUEST = new Http2Request("", "", new RequestLines([], []), 0, false, null, true);

/** A reusable exchange of a stream, which sets `head` before it begins. */
export class Http2Exchange extends HttpExchange {
  declare head: Http2Request;
  declare readonly response: Http2Response;

  /** Not begun yet. */
  constructor() {
    super(NO_REQUEST, new Http2Response());
  }
}

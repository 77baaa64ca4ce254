/**
 * The headers of a response that is streamed, corrected: a length that is known is added, and fields of the coded body
 * are removed.
 */
import { describeDecoded, isDecoded } from "./decoded_response.ts";
import { bodySize, hasDecodedBody } from "./response_override.ts";

/** The headers of `response`; a copy where they are not what is sent. Trailers come behind a body of unknown length. */
export function headersToSend(response: Response, sendsTrailers: boolean): Headers {
  const { headers } = response;
  const size = sendsTrailers ? undefined : bodySize(response);
  if (size !== undefined) {
    const sized = new Headers(headers);
    sized.set("content-length", String(size));
    return sized;
  }
  if (!hasDecodedBody(response) && !isDecoded(response, headers)) return headers;
  const decoded = new Headers(headers);
  describeDecoded(decoded);
  return decoded;
}

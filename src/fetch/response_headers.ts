/**
 * The headers with which a response is sent whose body is a stream: as they are, but for those that are known to be
 * wrong of its body, or to be missing.
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

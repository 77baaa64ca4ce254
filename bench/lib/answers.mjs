// Cuts the bytes that a server sent into answers. Knows the two framings that the servers compared here use,
// Content-Length and chunked without trailers; any other answer is an error.

import { Buffer } from "node:buffer";

/** Calls `onAnswer(status, head, body)` for each complete answer in `bytes`, and returns what is left over. */
export function takeAnswers(bytes, onAnswer) {
  let start = 0;
  for (;;) {
    const headEnd = bytes.indexOf("\r\n\r\n", start, "latin1");
    if (headEnd < 0) return bytes.subarray(start);
    const head = bytes.latin1Slice(start, headEnd + 2);
    const status = /^HTTP\/1\.1 (\d{3}) /.exec(head)?.[1];
    const length = /\r\ncontent-length: *(\d+)\r\n/i.exec(head)?.[1];
    const chunked = /\r\ntransfer-encoding: *chunked\r\n/i.test(head);
    if (!status || !length === !chunked) {
      throw new Error(`unexpected answer: ${JSON.stringify(head.slice(0, 200))}`);
    }
    const body = chunked ? takeChunks(bytes, headEnd + 4) : takeBytes(bytes, headEnd + 4, Number(length));
    if (!body) return bytes.subarray(start);
    onAnswer(Number(status), head, body.bytes);
    start = body.end;
  }
}

/** The body that begins at `from`, and where it ends; undefined while it is not complete. */
function takeBytes(bytes, from, length) {
  const end = from + length;
  return end > bytes.length ? undefined : { bytes: bytes.subarray(from, end), end };
}

function takeChunks(bytes, from) {
  const chunks = [];
  for (let at = from;;) {
    const lineEnd = bytes.indexOf("\r\n", at, "latin1");
    if (lineEnd < 0) return undefined;
    const size = Number.parseInt(bytes.latin1Slice(at, lineEnd), 16);
    const chunk = takeBytes(bytes, lineEnd + 2, size);
    const end = lineEnd + 2 + size + 2; // each chunk, and the last one's empty trailers, end with CRLF
    if (!chunk || end > bytes.length) return undefined;
    if (size === 0) return { bytes: Buffer.concat(chunks), end };
    chunks.push(chunk.bytes);
    at = end;
  }
}

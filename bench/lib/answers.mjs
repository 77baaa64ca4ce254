// Cuts the bytes that a server sent into answers. Knows Content-Length framing only, which every server compared
// here uses; any other answer is an error.

/** Calls `onAnswer(status, head, body)` for each complete answer in `bytes`, and returns what is left over. */
export function takeAnswers(bytes, onAnswer) {
  let start = 0;
  for (;;) {
    const headEnd = bytes.indexOf("\r\n\r\n", start, "latin1");
    if (headEnd < 0) return bytes.subarray(start);
    const head = bytes.latin1Slice(start, headEnd + 2);
    const status = /^HTTP\/1\.1 (\d{3}) /.exec(head)?.[1];
    const length = /\r\ncontent-length: *(\d+)\r\n/i.exec(head)?.[1];
    if (!status || !length) throw new Error(`unexpected answer: ${JSON.stringify(head.slice(0, 200))}`);
    const end = headEnd + 4 + Number(length);
    if (end > bytes.length) return bytes.subarray(start);
    onAnswer(Number(status), head, bytes.subarray(headEnd + 4, end));
    start = end;
  }
}

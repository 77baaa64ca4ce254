// The check before a measurement: each payload twice, on one connection where it is to stay, and every answer must be
// the right one.
// A server that is fast because it answers something else, or closes, is not measured.

import { Buffer } from "node:buffer";
import { connect } from "node:net";
import { connect as connectTls } from "node:tls";
import { takeAnswers } from "./answers.mjs";

/** Milliseconds for all answers of the check. */
const TIMEOUT = 5_000;
/** Bytes of a wrong body that the error shows. */
const BODY_SHOWN = 100;

/** Resolves to the bytes that answered the last payload; rejects with what is wrong with an answer. */
export async function checkAnswers(port, workload) {
  let socket;
  try {
    let bytes;
    for (const payload of [...workload.payloads, ...workload.payloads]) {
      if (!socket || workload.closes) {
        socket?.destroy();
        socket = open(port, workload.tls).setNoDelay(true);
        socket.on("error", () => {}); // "close" follows; and what comes after the verdict does not matter
      }
      bytes = await sendAndReceive(socket, payload, workload);
    }
    return bytes;
  } finally {
    socket?.destroy();
  }
}

function open(port, tls) {
  return tls
    ? connectTls({ port, host: "127.0.0.1", rejectUnauthorized: false })
    : connect(port, "127.0.0.1");
}

/** Where the connection is to end with the answer, that is waited for too. */
function sendAndReceive(socket, payload, workload) {
  const { answers: expected, closes } = workload;
  return new Promise((resolve, reject) => {
    const fail = (reason) => finish(() => reject(new Error(`failed the check: ${reason}`)));
    const timer = setTimeout(
      () =>
        fail(`${count === expected ? "no end of the connection" : "no complete answer"} in ${TIMEOUT} ms`),
      TIMEOUT,
    );
    let received = Buffer.alloc(0);
    let count = 0;

    const onData = (chunk) => {
      received = Buffer.concat([received, chunk]);
      count = 0;
      try {
        const rest = takeAnswers(received, (status, head, body) => {
          checkAnswer(status, head, body, workload);
          count++;
        });
        if (count > expected || (count === expected && rest.length > 0)) {
          throw new Error("more than was asked for");
        }
      } catch (error) {
        return fail(error.message);
      }
      if (count === expected && !closes) finish(() => resolve(received));
    };
    const onEnd = () => {
      if (count === expected && closes) finish(() => resolve(received));
      else fail("the connection was closed");
    };
    const finish = (act) => {
      clearTimeout(timer);
      socket.off("data", onData).off("end", onEnd).off("close", onEnd);
      act();
    };
    socket.on("data", onData).on("end", onEnd).on("close", onEnd);
    socket.write(payload);
  });
}

/** `decode` makes of a body what is compared, and `has` are patterns of lines that the head must have. */
function checkAnswer(status, head, body, { body: expected, status: right = 200, closes, has = [], decode }) {
  if (status !== right) throw new Error(`status ${status}`);
  if (/^connection: *close/im.test(head) !== closes) {
    throw new Error(closes ? "the answer does not say close" : "the connection is not kept alive");
  }
  const missing = has.find((line) => !line.test(head));
  if (missing) throw new Error(`no field ${missing} in ${JSON.stringify(head)}`);
  const content = decode ? decode(body) : body;
  if (!content.equals(expected)) {
    throw new Error(`unexpected body ${JSON.stringify(content.toString("latin1", 0, BODY_SHOWN))}`);
  }
}

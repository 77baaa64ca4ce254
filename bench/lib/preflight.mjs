// The check before a measurement: each payload twice on one connection, and every answer must be the right one.
// A server that is fast because it answers something else, or closes, is not measured.

import { Buffer } from "node:buffer";
import { connect } from "node:net";
import { takeAnswers } from "./answers.mjs";

/** Milliseconds for all answers of the check. */
const TIMEOUT = 5_000;

/** Resolves to the bytes that answered the last payload; rejects with what is wrong with an answer. */
export async function checkAnswers(port, workload) {
  const socket = connect(port, "127.0.0.1").setNoDelay(true);
  socket.on("error", () => {}); // "close" follows; and what comes after the verdict does not matter
  try {
    let bytes;
    for (const payload of [...workload.payloads, ...workload.payloads]) {
      bytes = await sendAndReceive(socket, payload, workload);
    }
    return bytes;
  } finally {
    socket.destroy();
  }
}

function sendAndReceive(socket, payload, { answers: expected, body: expectedBody }) {
  return new Promise((resolve, reject) => {
    const fail = (reason) => finish(() => reject(new Error(`failed the check: ${reason}`)));
    const timer = setTimeout(() => fail(`no complete answer in ${TIMEOUT} ms`), TIMEOUT);
    let received = Buffer.alloc(0);

    const onData = (chunk) => {
      received = Buffer.concat([received, chunk]);
      let count = 0;
      try {
        const rest = takeAnswers(received, (status, head, body) => {
          if (status !== 200) throw new Error(`status ${status}`);
          if (/^connection: *close/im.test(head)) throw new Error("the connection is not kept alive");
          if (!body.equals(expectedBody)) {
            throw new Error(`unexpected body ${JSON.stringify(body.toString("latin1"))}`);
          }
          count++;
        });
        if (count > expected || (count === expected && rest.length > 0)) {
          throw new Error("more than was asked for");
        }
      } catch (error) {
        return fail(error.message);
      }
      if (count === expected) finish(() => resolve(received));
    };
    const onClose = () => fail("the connection was closed");
    const finish = (act) => {
      clearTimeout(timer);
      socket.off("data", onData).off("close", onClose);
      act();
    };
    socket.on("data", onData).on("close", onClose);
    socket.write(payload);
  });
}

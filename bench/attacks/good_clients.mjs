// The good clients, a process of their own: kept connections that ask at a steady rate, and new ones for a request each.
// Requests are due at fixed times, whatever became of those before; latency counts from then, so waiting is in it.
//
// Arguments: the port, seconds, "plain" or "tls". Prints "ready" once it is connected and the server is warm; begins at
// the first byte of stdin; prints what became of the requests, as JSON.

import { Buffer } from "node:buffer";
import { once } from "node:events";
import { connect } from "node:net";
import process from "node:process";
import { setTimeout as sleep } from "node:timers/promises";
import { connect as connectTls } from "node:tls";
import { takeAnswers } from "../lib/answers.mjs";
import { summary } from "./latency.mjs";
import { KEPT, KEPT_RATE, NEW_RATE, PATIENCE, WARM_UP } from "./schedule.mjs";

const [port, seconds, protocol] = [Number(process.argv[2]), Number(process.argv[3]), process.argv[4]];

const REQUEST = Buffer.from("GET / HTTP/1.1\r\nHost: good\r\n\r\n");
const NO_BYTES = Buffer.alloc(0);
/** How a connection ends that its server had closed already. */
const ENDS = new Set(["closed", "ECONNRESET", "EPIPE"]);

const clients = Array.from({ length: KEPT }, createClient);
await warmUp();
console.log("ready");
await Promise.race([once(process.stdin, "data"), once(process.stdin, "end").then(() => process.exit())]);

const start = performance.now();
const [kept, fresh] = await Promise.all([
  Promise.all(clients.map(askSteadily)).then((results) => results.flat()),
  Promise.all(Array.from({ length: seconds * NEW_RATE }, (_, i) => askAnew(start + i * 1000 / NEW_RATE))),
]);
console.log(JSON.stringify({ kept: summary(kept), fresh: summary(fresh) }));
process.exit();

function warmUp() {
  const end = performance.now() + WARM_UP;
  return Promise.all(clients.map(async (client) => {
    do await client.ask(PATIENCE); while (performance.now() < end);
  }));
}

/** One request after the other on a kept connection; those that are due meanwhile wait, and are late. */
async function askSteadily(client, index) {
  const interval = 1000 / KEPT_RATE;
  const results = [];
  for (let i = 0; i < seconds * KEPT_RATE; i++) {
    results.push(await askAt(client, start + index * interval / KEPT + i * interval));
  }
  return results;
}

async function askAnew(due) {
  await sleep(Math.max(0, due - performance.now()));
  const client = createClient();
  const result = await askAt(client, due);
  client.close();
  return result;
}

/** Resolves to the latency, the failure where there was one, and whether the request was sent once more. */
async function askAt(client, due) {
  const early = due - performance.now();
  if (early > 0) await sleep(early);
  const from = Math.min(due, performance.now()); // timers may be early by less than a millisecond
  const patience = from + PATIENCE - performance.now();
  const outcome = patience > 0 ? await client.ask(patience) : { failure: "timeout", retried: false };
  return { latency: performance.now() - from, ...outcome };
}

/**
 * A client with a connection that it opens when it asks and has none. Where a used connection ends before the first
 * byte of an answer, it asks once more on a new one, as clients do (RFC 9112 §9.3.1).
 */
function createClient() {
  let socket;
  let used = false;
  return { ask, close: () => socket?.destroy() };

  async function ask(patience) {
    const end = performance.now() + patience;
    const reused = used && socket !== undefined;
    const failure = await askOnce(patience);
    const retried = reused && ENDS.has(failure);
    return { failure: retried ? await askOnce(end - performance.now()) : failure, retried };
  }

  async function askOnce(patience) {
    if (!socket) {
      socket = open();
      used = false;
    }
    const asked = socket;
    const failure = await answerOn(asked, patience);
    used = true;
    if (failure) {
      asked.destroy();
      release(asked);
    }
    return failure;
  }

  function open() {
    const options = { port, host: "127.0.0.1", noDelay: true };
    const opened = protocol === "tls"
      ? connectTls({ ...options, rejectUnauthorized: false })
      : connect(options);
    // a connection that ends between two requests fails none of them
    return opened.on("error", () => {}).on("end", () => release(opened)).on("close", () => release(opened));
  }

  function release(ended) {
    if (socket === ended) socket = undefined;
  }
}

/** Asks on a connection; resolves to undefined when the right answer has come, or to what went wrong. */
function answerOn(socket, patience) {
  return new Promise((resolve) => {
    let rest = NO_BYTES;
    const timer = setTimeout(() => finish("timeout"), patience);
    const finish = (failure) => {
      clearTimeout(timer);
      socket.off("data", onData).off("error", onError).off("close", onClose);
      resolve(failure);
    };
    const onData = (bytes) => {
      try {
        rest = takeAnswers(Buffer.concat([rest, bytes]), (status, _, body) => {
          finish(
            status !== 200 ? String(status) : body.latin1Slice() === "hello" ? undefined : "wrong answer",
          );
        });
      } catch {
        finish("wrong answer");
      }
    };
    const onError = ({ code }) => finish(code);
    const onClose = () => finish(rest.length > 0 ? "cut" : "closed");
    socket.on("data", onData).on("error", onError).on("close", onClose);
    socket.write(REQUEST);
  });
}

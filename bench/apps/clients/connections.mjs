// Connections to a server that each send the same payload again and again. They are Bun's own sockets, the cheapest here:
// with thousands of them, or a rate to hold, a client that costs more than the server would be what is measured.

import { Buffer } from "node:buffer";
import process from "node:process";
import { AnswerEnd, framingOf } from "./answer_end.mjs";

/** Connections opened at a time: fewer than any listen backlog. */
const AT_A_TIME = 100;

/** Opens them with an answered request on each; resolves to the connections. */
export async function openConnections(port, count, payload) {
  const first = await Connection.open(port, payload);
  const framing = await first.learn();
  const connections = [first];
  while (connections.length < count) {
    const some = Array.from({ length: Math.min(AT_A_TIME, count - connections.length) }, async () => {
      const connection = await Connection.open(port, payload);
      connection.expect(framing);
      await new Promise((resolve) => connection.ask(resolve));
      return connection;
    });
    connections.push(...await Promise.all(some));
  }
  return connections;
}

class Connection {
  #payload;
  #socket;
  #sent = 0;
  #take = () => {};
  #onAnswer = () => {};

  static async open(port, payload) {
    const connection = new Connection();
    connection.#payload = payload;
    connection.#socket = await Bun.connect({
      port,
      hostname: "127.0.0.1",
      socket: {
        data: (_, chunk) => connection.#take(chunk),
        drain: () => connection.#write(),
        close: () => fail("the server has closed a connection"),
        error: (_, error) => fail(error.message),
      },
    });
    connection.#socket.setNoDelay(true);
    return connection;
  }

  /** Calls `onAnswer` when the answer is complete. */
  ask(onAnswer) {
    this.#onAnswer = onAnswer;
    this.#sent = 0;
    this.#write();
  }

  /** Asks, and resolves to how the answer was framed, as all the others will be. */
  learn() {
    let bytes = Buffer.alloc(0);
    return new Promise((resolve) => {
      this.#take = (chunk) => {
        bytes = Buffer.concat([bytes, chunk]);
        const framing = framingOf(bytes);
        if (!framing) return;
        this.expect(framing);
        resolve(framing);
      };
      this.#write();
    });
  }

  expect(framing) {
    const end = new AnswerEnd(framing);
    this.#take = (chunk) => {
      if (end.add(chunk)) this.#onAnswer(this);
    };
  }

  #write() {
    const left = this.#payload.length - this.#sent;
    if (left > 0) this.#sent += this.#socket.write(this.#payload, this.#sent, left);
  }
}

function fail(reason) {
  console.error(reason);
  process.exit(1);
}

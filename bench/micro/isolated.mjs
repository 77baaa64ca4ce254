// The suite of parts: reading a head, writing an answer, an exchange and its pool, with no connection and no server.
// Each entry makes the operation to measure, and throws where it does not give what it should.

import { acquireExchange, releaseExchange } from "../../src/http1/exchange_pool.ts";
import { ResponseWriter } from "../../src/http1/response_writer.ts";
import { PersistenceFields } from "../../src/http1/persistence_fields.ts";
import { ByteWriter } from "../../src/wire/byte_writer.ts";
import { DateField } from "../../src/core/date_field.ts";
import { RequestHead } from "../../src/http1/request_head.ts";
import { connectionSettings } from "../../src/options/settings.ts";
import { answerJson, answerNothing, answerText, GET, SHORTEST_GET } from "./samples.mjs";

/** Bytes for any of the answers. */
const ANSWER_BYTES = 1024;

const settings = connectionSettings({ exchange: answerText });
const persistenceFields = new PersistenceFields(settings);
const dateLine = new DateField((date) => new TextEncoder().encode(`date: ${date}\r\n`)).at(
  0,
  () => Date.UTC(2026, 0, 1),
);

/** What a response needs of its connection, and no connection. */
class Port {
  head = { minor: 1, method: "GET" };
  writer = new ByteWriter(ANSWER_BYTES);
  out = { acquire: () => this.writer };

  endHead(out) {
    persistenceFields.write(out, dateLine, this.head.minor, settings.idleTimeout, 0);
  }

  responseComplete() {}

  /** The answer as text. */
  get text() {
    return new TextDecoder().decode(this.writer.bytes.subarray(0, this.writer.length));
  }
}

export const WORK = {
  "parse and write": () => parseAndWrite(GET, answerText, "200"),
  "handler cycle": () => handlerCycle(),
  "pool operations": () => () => releaseExchange(acquireExchange()),
  "JSON": () => write(answerJson, "200"),
  "parser reuse": () => parse(GET),
  "minimal path": () => parseAndWrite(SHORTEST_GET, answerNothing, "204"),
};

function parse(bytes) {
  const head = new RequestHead();
  return checked(
    () => {
      head.parse(bytes, 0, bytes.length, settings);
      head.reset();
    },
    () => head.method === "GET" && head.length === bytes.length,
  );
}

function write(answer, status) {
  const port = new Port();
  const response = new ResponseWriter();
  return checked(
    () => {
      port.writer.length = 0;
      response.begin(port);
      answer(response);
    },
    () => port.text.startsWith(`HTTP/1.1 ${status} `),
  );
}

function parseAndWrite(bytes, answer, status) {
  const parsing = parse(bytes);
  const writing = write(answer, status);
  return () => {
    parsing();
    writing();
  };
}

function handlerCycle() {
  const port = new Port();
  return checked(
    () => {
      port.writer.length = 0;
      const x = acquireExchange();
      x.head.parse(GET, 0, GET.length, settings);
      x.begin(port);
      x.body.begin(0, null, 0);
      x.response.begin(port);
      x.run(answerText);
      x.finish();
      releaseExchange(x);
    },
    () => port.text.startsWith("HTTP/1.1 200 "),
  );
}

/** `act`, which is known to leave what it should. */
function checked(act, isRight) {
  act();
  if (!isRight()) throw new Error(`not what was meant: ${act}`);
  return act;
}

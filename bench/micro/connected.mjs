// The suite over connections: a whole server, whose clients are in memory. Each entry makes the operation to measure
// of a bench in benches.mjs, and throws where its requests are not answered.

import process from "node:process";
import { HttpServer } from "../../src/server/http_server.ts";
import { serveSettings } from "../../src/options/settings.ts";
import { Client } from "./client.mjs";
import { answerFields, answerJson, answerText, BROWSER_GETS, GET, PIPELINED } from "./samples.mjs";

export const WORK = {
  "keep-alive reuse": () => onOne(answerText, [GET]),
  "single request": ({ requests }) => onNew(requests),
  "10 sequential": ({ requests }) => onNew(requests),
  "100 sequential": ({ requests }) => onNew(requests),
  "with JSON": () => onOne(answerJson, [GET]),
  "with headers": () => onOne(answerFields, BROWSER_GETS),
  "pipelined": ({ requests }) => onOne(answerText, [PIPELINED], requests),
  "reuse amortized": ({ requests }) => onNew(requests),
};

/** One of the payloads, in their turn, on the one connection. */
function onOne(handler, payloads, answers = 1) {
  const server = serverWith(handler);
  const client = new Client();
  server.accept(client);
  let next = 0;
  return checked(server, answers, () => {
    client.send(payloads[next]);
    if (++next === payloads.length) next = 0;
  });
}

/** So many requests on a connection of their own. */
function onNew(requests) {
  const server = serverWith(answerText);
  server.accept(new Client()); // a server without any connection stops its timer, which few servers ever do
  return checked(server, requests, () => {
    const client = new Client();
    server.accept(client);
    for (let i = 0; i < requests; i++) client.send(GET);
    client.hangUp();
  });
}

function serverWith(exchange) {
  const onError = (error) => {
    console.error(error);
    process.exit(1);
  };
  const options = { exchange, onError };
  return new HttpServer(options, serveSettings(options));
}

/** `act`, which is known to bring so many requests, and to leave one connection. */
function checked(server, requests, act) {
  act();
  const { requests: brought, open, bytesWritten } = server.stats();
  if (brought !== requests || open !== 1 || bytesWritten === 0) {
    throw new Error(`not what was meant: ${JSON.stringify(server.stats())}`);
  }
  return act;
}

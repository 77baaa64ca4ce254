// A connection to the server, by undici: opened with a request when there is none, and kept for the next ones as long as
// neither side ends it. One request is under way at a time.

import { Client } from "undici/index.js"; // Bun has a module of its own by the name undici

/** Milliseconds, the longest that a timer takes. */
const NEVER = 2 ** 31 - 1;

const SETTINGS = {
  connect: { rejectUnauthorized: false, maxCachedSessions: 0, keepAlive: false }, // each new connection costs the same
  headersTimeout: 0, // ask() has a timeout for the whole answer
  bodyTimeout: 0,
  keepAliveTimeout: NEVER, // only the server ends an idle connection, whatever its Keep-Alive field announces
  keepAliveMaxTimeout: NEVER,
  keepAliveTimeoutThreshold: -NEVER,
};

const TIMED_OUT = Object.assign(new Error("no answer in time"), { code: "TIMED_OUT" });

export class Connection {
  #origin;
  #request;
  #timeout;
  #tally;
  #client;
  #isOpen = false;
  #isAsking = false; // from when a request is written until its answer is whole or the connection has ended

  constructor({ url, method = "GET", headers, body, reconnect = false, timeout }, tally) {
    const { origin, pathname, search } = new URL(url);
    this.#origin = origin;
    this.#request = { path: pathname + search, method, headers, body, reset: reconnect };
    this.#timeout = timeout;
    this.#tally = tally;
    this.#createClient();
  }

  /** Resolves to the status of the answer when all of it is there. */
  ask() {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => this.#giveUp(), this.#timeout);
      let status;
      const send = () => this.#client.dispatch(this.#request, handler);
      const handler = {
        onRequestStart: () => this.#isAsking = true,
        onResponseStart: (_controller, statusCode) => status = statusCode,
        onResponseEnd: () => {
          clearTimeout(timer);
          this.#isAsking = false;
          resolve(status);
        },
        onResponseError: (_controller, error) => {
          const isUnsent = this.#isOpen && !this.#isAsking && error !== TIMED_OUT;
          if (isUnsent) return queueMicrotask(send); // the idle connection broke, which fails no request
          clearTimeout(timer);
          reject(error);
        },
      };
      send();
    });
  }

  close() {
    return this.#client.destroy();
  }

  #createClient() {
    const client = new Client(this.#origin, { ...SETTINGS, connectTimeout: this.#timeout });
    client.on("connect", () => {
      this.#isOpen = true;
      this.#tally.opened();
    });
    client.on("disconnect", (_origin, _targets, error) => {
      const isOwnDoing = client.destroyed || error.code === "UND_ERR_INFO"; // also where the end was announced
      if (!this.#isAsking && !isOwnDoing) this.#tally.endedIdle++;
      this.#isOpen = this.#isAsking = false;
      this.#tally.closed();
    });
    this.#client = client;
  }

  /** Fails the request under way. Where its connection is still being opened, only the end of the client does that. */
  #giveUp() {
    this.#client.destroy(TIMED_OUT);
    this.#createClient();
  }
}

// Makes a client of autocannon do what its settings cannot: `reconnectRate: 1` drops each answer before it is counted,
// its rates are bursts, and it goes on writing to a connection that the server said it would close. For that the
// client's own steps are put behind ones that decide first, so the version of autocannon is pinned.

/** Milliseconds, the longest that a timer takes: no timeout for a client that has not started. */
const NEVER = 2 ** 31 - 1;

/**
 * For autocannon's `setupClient`. Counts in `tally` what becomes of the client's requests, sends them as `pace` says,
 * and takes a new connection for each where `job.reconnect` is set, else only where the last one has ended. `start()`
 * sets it going, for all should be there before the first begins; `stop()` lets it take the answer it waits for.
 */
export function steerClient(client, { job, tally, pace, isOver, elapsed }) {
  const { _connect: connect, _doRequest: send, _destroyConnection: disconnect } = client;
  /** `apart` without a connection, `fresh` on a new one, `asking` until the answer, `resting` from it to the next. */
  let state = "apart";
  let keepsAlive = false; // by what the answer says
  let behind = 0; // milliseconds that the request was due before it was sent
  let timer; // of the rest, or of the wait for the start

  const isDone = () => isOver() || (job.amount && client.reqsMade >= client.responseMax);
  const giveUp = () => {
    if (state === "asking") tally.abandon();
    state = "apart";
  };
  const open = () => {
    client.pipelinedRequests.clear(); // neither these nor half an answer belong to the new connection
    client.parser.initialize("RESPONSE");
    state = "fresh";
    connect.call(client);
    const { conn } = client;
    conn.once("connect", () => {
      tally.opened();
      conn.once("close", () => tally.closed());
    });
  };
  const next = () => isDone() ? client.destroy() : state === "resting" ? send.call(client) : open();
  const rest = () => {
    if (isDone()) return client.destroy();
    if (state === "apart") client._destroyConnection();
    const turn = pace.next(elapsed());
    behind = turn.behind;
    if (turn.wait > 0) timer = setTimeout(next, turn.wait);
    else next();
  };

  client.timeout = NEVER;
  client.on("request", () => {
    tally.sent++;
    state = "asking";
  });
  client.on("headers", ({ shouldKeepAlive }) => keepsAlive = shouldKeepAlive);
  client.on("response", (status, _bytes, latency) => {
    state = keepsAlive && !job.reconnect ? "resting" : "apart";
    tally.answer(status, latency + behind);
  });
  client.on("connError", (error) => { // _connect() comes next
    if (state !== "asking") return;
    tally.error(error.code ?? error.message);
    state = "apart";
  });
  client.on("timeout", () => tally.timeouts++); // _connect() has given it up just before
  client.on("done", () => {
    clearTimeout(timer);
    giveUp();
  });

  /** autocannon calls it to begin, and when a connection has ended, broken or timed out. */
  client._connect = () => {
    if (!client.conn) return; // start() will
    if (state === "resting") { // the next request is not due: it will take a new connection
      tally.endedIdle++;
      state = "apart";
      return client._destroyConnection();
    }
    if (state === "asking" && !client.conn.destroyed) {
      const { answered } = tally;
      client.parser.finish(); // the end may be what ends an answer (RFC 9112, section 6.3, rule 8)
      if (tally.answered > answered) return;
    }
    giveUp();
    rest();
  };

  /** autocannon calls it when a connection begins, and after each answer. */
  client._doRequest = () => state === "fresh" ? send.call(client) : rest();

  client._destroyConnection = () => {
    if (client.conn) disconnect.call(client);
  };

  return {
    start() {
      client.timeout = job.timeout;
      if (pace.first > 0) timer = setTimeout(next, pace.first);
      else next();
    },
    stop() {
      if (state !== "asking") client.destroy();
    },
  };
}

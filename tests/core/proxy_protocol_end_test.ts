/** The times and the ends of connections that wait for a PROXY header, or have just had one. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { TIMER_RESOLUTION_MS } from "../../src/core/deadline_queue.ts";
import { connect, get, settled } from "../support/memory.ts";
import { bodies, statuses, tell, told, UNKNOWN } from "../support/proxied_connections.ts";
import { CLIENT, CLIENT_V1, CLIENT_V2 } from "../support/proxy_headers.ts";
import { bytesOf } from "../wire/helpers.ts";

test("a PROXY header that does not come, or not to its end, gets no answer", async () => {
  for (const sent of ["", "P", CLIENT_V1.slice(0, -1), CLIENT_V2.slice(0, -1), CLIENT_V1, CLIENT_V2]) {
    const { client, connection, clock } = connect({ exchange: tell, headerTimeout: 1000, ...UNKNOWN });
    clock.advance(600);
    if (sent !== "") client.send(bytesOf(sent));
    clock.advance(399);
    assert.equal(connection.state, "new");
    clock.advance(1 + TIMER_RESOLUTION_MS);
    assert.equal(client.ended, true);
    assert.equal(client.text(), "");
    client.sendEnd();
    assert.equal(await connection.closed, "header_timeout");
  }
});

test("headerTimeout runs through the PROXY header and the first head", async () => {
  const connected = connect({ exchange: tell, headerTimeout: 1000, ...UNKNOWN });
  const { client, connection, clock } = connected;
  clock.advance(400);
  client.send(CLIENT_V1);
  clock.advance(400);
  client.send("GET / ");
  clock.advance(200 + TIMER_RESOLUTION_MS);
  assert.deepEqual(statuses(connected), [408]);
  client.sendEnd();
  assert.equal(await connection.closed, "header_timeout");
});

test("a client that ends or breaks the connection before the first head is client_closed", async () => {
  for (const sent of ["", "P", CLIENT_V1.slice(0, -1), CLIENT_V2.slice(0, 20), CLIENT_V1, CLIENT_V2]) {
    for (const how of ["end", "reset"]) {
      const { client, connection, clock } = connect({ exchange: tell, ...UNKNOWN });
      if (sent !== "") client.send(bytesOf(sent));
      if (how === "end") client.sendEnd();
      else client.reset(new Error("ECONNRESET"));
      assert.equal(connection.state, "closed");
      assert.equal(await connection.closed, "client_closed");
      assert.equal(client.closed, true);
      assert.equal(client.text(), "");
      assert.equal(clock.timers, 0, "nothing is waited for");
    }
  }
});

test("a client that half-closes behind its request is answered", async () => {
  const connected = connect({ exchange: async (x) => (await null, tell(x)), ...UNKNOWN });
  connected.client.send(CLIENT_V1 + get("/"));
  connected.client.sendEnd();
  await settled();
  assert.deepEqual(bodies(connected), [told(CLIENT, "/")]);
});

test("shutdown() ends a connection that waits for its PROXY header, and keeps it for the grace", async () => {
  for (const sent of ["P", CLIENT_V1]) {
    const atOnce = connect({ exchange: tell, ...UNKNOWN });
    atOnce.client.send(sent);
    atOnce.connection.shutdown();
    assert.equal(atOnce.client.ended, true);
    atOnce.client.sendEnd();
    assert.equal(await atOnce.connection.closed, "shutdown_idle");

    const late = connect({ exchange: tell, ...UNKNOWN });
    late.client.send(sent);
    late.internal.retire(500);
    late.clock.advance(400);
    late.client.send(CLIENT_V1.slice(sent.length) + get("/"));
    assert.deepEqual(bodies(late), [told(CLIENT, "/")]);
    late.client.sendEnd();
    assert.equal(await late.connection.closed, "shutdown");

    const never = connect({ exchange: tell, ...UNKNOWN });
    never.client.send(sent);
    never.internal.retire(500);
    never.clock.advance(500 + TIMER_RESOLUTION_MS);
    assert.equal(never.client.ended, true);
    never.client.sendEnd();
    assert.equal(await never.connection.closed, "shutdown_idle");
  }
});

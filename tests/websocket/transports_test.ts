/**
 * WebSockets on whatever carries the connection.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { upgradeWebSocket } from "../../websocket.ts";
import { assertSameBytes, patternBytes } from "../support/bytes.ts";
import { onNodeTcp, onTcp, onTls, onUnix, type OpenServer } from "../support/opened_servers.ts";
import { BINARY, closing, echo, FrameClient, handshake, TEXT } from "../support/web_sockets.ts";

const TRANSPORTS: Record<string, OpenServer> = {
  "TCP": onTcp,
  "TCP of Node's adapter": onNodeTcp,
  "TLS": onTls,
  "a Unix socket": onUnix,
};

for (const [kind, open] of Object.entries(TRANSPORTS)) {
  test(`a WebSocket over ${kind} echoes, and closes with the server`, async () => {
    let url = "";
    const opened = await open({
      fetch(request) {
        const { socket, response } = upgradeWebSocket(request);
        url = socket.url;
        echo(socket);
        return response;
      },
    });
    using client = new FrameClient(await opened.connect());
    await client.send(handshake());
    assert.match(await client.readUntil("\r\n\r\n"), /^HTTP\/1\.1 101 /);
    assert.equal(url, `${kind === "TLS" ? "wss" : "ws"}://a.example/`);
    await client.sendFrames({ opcode: TEXT, payload: "hello" });
    assert.equal((await client.frame()).text, "hello");
    const payload = patternBytes(2 * 1024 * 1024);
    const sent = client.sendFrames({ opcode: BINARY, payload });
    assertSameBytes((await client.frame()).payload, payload);
    await sent;
    const shutdown = opened.shutdown();
    assert.equal(await client.closeCode(), 1001);
    await client.sendFrames({ opcode: 8, payload: closing(1001) });
    client.end();
    await client.assertEnd();
    await shutdown;
  });
}

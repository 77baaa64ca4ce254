/** What TLS agrees upon (ALPN) by options "http1" and "http2", as a client and the transport see it. */
import assert from "node:assert/strict";
import test from "node:test";
import tls from "node:tls";
import { createServer, type NetAddr, type Transport } from "../mod.ts";
import { listenOnNode } from "../src/adapters/node_listener.ts";
import { runtime } from "../src/adapters/runtime.ts";
import type { ConnectionOptions, ListenOptions } from "../src/api/options.ts";
import { Deferred } from "../src/core/deferred.ts";
import type { Listen } from "../src/server/listener.ts";
import { FIRST, SECOND } from "./support/certificates.ts";
import { inTime } from "./support/deadline.ts";
import { IS_DENO, start } from "./support/listening.ts";
import { fetch200, LOCAL } from "./support/local_servers.ts";
import { takeTransports, Told } from "./support/taken_transports.ts";

/** What both sides agree upon; `null` nothing, since the client does not offer. */
type Agreed = string | null;

/** The handshake fails. */
const REFUSED = "refused";

/** What is agreed upon by what a client offers, for each of the settings. */
const SETTINGS: readonly (readonly [ConnectionOptions, readonly (readonly [offer: string[], Agreed])[]])[] = [
  [{}, [
    [["h2", "http/1.1"], "http/1.1"],
    [["http/1.0", "http/1.1"], "http/1.1"],
    [["http/1.0"], "http/1.0"],
    [["h2"], REFUSED],
    [[], null],
  ]],
  [{ http2: true }, [
    [["http/1.1", "h2"], "h2"],
    [["h2"], "h2"],
    [["http/1.1"], "http/1.1"],
    [["http/1.0"], "http/1.0"],
    [["spdy/3"], REFUSED],
    [[], null],
  ]],
  [{ http2: {}, http1: false }, [
    [["http/1.1", "h2"], "h2"],
    [["http/1.1"], REFUSED],
    [[], null],
  ]],
];

const WAYS: readonly (readonly [name: string, Listen, ListenOptions])[] = [
  ["the runtime's listener", runtime.listen, { ...LOCAL, tls: FIRST }],
  // Deno speaks TLS by its own listener alone.
  ...IS_DENO ? [] : [
    ["node:tls", listenOnNode, { ...LOCAL, tls: FIRST }],
    [
      "node:tls, by server names",
      runtime.listen,
      { ...LOCAL, tls: { ...FIRST, serverNames: { "b.example": SECOND } } },
    ],
  ] as const,
];

/** Offers these protocols to a port, and sends a byte as soon as it can; answers with what is agreed upon. */
async function offer(port: number, protocols: readonly string[]): Promise<[Agreed, tls.TLSSocket]> {
  const { promise, resolve } = new Deferred<Agreed>();
  const socket = tls.connect({
    port,
    host: "127.0.0.1",
    servername: "b.example", // of `serverNames`, where there are any
    rejectUnauthorized: false,
    ...protocols.length > 0 && { ALPNProtocols: [...protocols] },
  });
  socket.on("secureConnect", () => resolve(socket.alpnProtocol || null));
  socket.on("error", () => resolve(REFUSED)).on("close", () => resolve(REFUSED));
  socket.write("x");
  return [await inTime(promise, "the handshake"), socket];
}

/** Deno replaces a certificate by another listener, and nobody is let in until that listens. */
async function listensAgain(port: number): Promise<void> {
  for (;;) {
    const [agreed, client] = await offer(port, ["h2", "http/1.1"]); // one of them is spoken
    client.destroy();
    if (agreed !== REFUSED) return;
  }
}

/** Each time that a transport tells its protocol: at its accept, and with its first byte. */
interface Seen {
  readonly accepted: unknown;
  readonly received: Promise<unknown>;
  readonly transport: Transport;
}

function watch(transport: Transport): Seen {
  const told = new Told();
  const received = new Deferred<unknown>();
  told.onReceive = () => received.resolve(transport.alpnProtocol);
  const accepted = transport.alpnProtocol;
  transport.start(told);
  return { accepted, received: received.promise, transport };
}

for (const [way, listen, place] of WAYS) {
  for (const [options, offers] of SETTINGS) {
    test(`ALPN by ${way} with ${JSON.stringify(options)}, also after reloadTls()`, async () => {
      let accepted = new Deferred<Seen>();
      const transports: Transport[] = [];
      const server = await takeTransports(listen, place, (transport) => {
        transports.push(transport);
        accepted.resolve(watch(transport));
      }, options);
      const { port } = server.addr as NetAddr;
      try {
        for (const isReloaded of [false, true]) {
          if (isReloaded) {
            server.prepareTls!({ ...place.tls, ...SECOND })();
            await inTime(listensAgain(port), "the new certificate");
          }
          for (const [protocols, expected] of offers) {
            accepted = new Deferred();
            const [agreed, client] = await offer(port, protocols);
            assert.equal(agreed, expected, `offered ${protocols}`);
            const seen = await inTime(accepted.promise, "the accept");
            assert.equal(seen.accepted, undefined, "nothing is known before the handshake");
            if (agreed !== REFUSED) {
              assert.equal(await inTime(seen.received, "a byte"), expected, "known with the first byte");
            } else assert.equal(seen.transport.alpnProtocol, undefined);
            client.destroy();
          }
        }
      } finally {
        for (const transport of transports) transport.close(false);
        server.close();
      }
    });
  }
}

test("serve() and listen() offer what their server's options say", async () => {
  const options = { http2: true, fetch: fetch200 } as const;
  await using server = await start({ ...LOCAL, ...options, tls: FIRST });
  const other = createServer(options);
  const { port } = await other.listen({ ...LOCAL, tls: FIRST }) as NetAddr;
  for (const at of [(server.addr as NetAddr).port, port]) {
    const [agreed, client] = await offer(at, ["http/1.1", "h2"]);
    assert.equal(agreed, "h2");
    client.destroy();
  }
  await Promise.all([server.close(), other.close()]);
});

/** What handlers are told of clients' certificates, and who is let in, where `tls.ca` asks for them. */
import assert from "node:assert/strict";
import { X509Certificate } from "node:crypto";
import test from "node:test";
import type { PeerCertificate, Server, TlsOptions } from "../mod.ts";
import { Deferred } from "../src/core/deferred.ts";
import { AUTHORITY, FIRST, SECOND, STRANGER } from "./support/certificates.ts";
import { IS_DENO, start } from "./support/listening.ts";
import { LOCAL } from "./support/local_servers.ts";
import { askByTls } from "./support/tls_client.ts";

/** For what Deno refuses, as `listen_tls_test.ts` checks. */
const onOthers = IS_DENO ? () => {} : test;

interface Seen {
  readonly server: Server;
  readonly certificates: (PeerCertificate | undefined)[];
}

/** A server that keeps what its handler is told. */
async function serverWith(tls: Partial<TlsOptions>, kind: "fetch" | "exchange" = "fetch"): Promise<Seen> {
  const certificates: (PeerCertificate | undefined)[] = [];
  const told = (certificate: PeerCertificate | undefined): string => {
    certificates.push(certificate);
    return String(certificate?.subject.CN);
  };
  const server = await start({
    ...LOCAL,
    tls: { ...FIRST, ...tls },
    ...kind === "fetch"
      ? { fetch: (_request, info) => new Response(told(info.peerCertificate)) }
      : { exchange: (x) => x.respond(200, {}, told(x.connection.peerCertificate)) },
  });
  return { server, certificates };
}

onOthers("handlers of both kinds are told the certificate of a client", async () => {
  const x509 = new X509Certificate(SECOND.cert);
  for (const kind of ["fetch", "exchange"] as const) {
    const { server, certificates } = await serverWith({ ca: AUTHORITY }, kind);
    await using _ = server;
    const { body } = await askByTls(server, SECOND);
    assert.equal(body, "second");
    const [certificate] = certificates;
    const { authorized, subject, issuer, serialNumber, fingerprint256, validFrom, validTo, raw } =
      certificate!;
    assert.equal(authorized, true);
    assert.deepEqual([{ ...subject }, { ...issuer }], [{ CN: "second" }, { CN: "Mooring test CA" }]);
    assert.match(certificate!.subjectAltName!, /DNS:localhost, IP Address:127\.0\.0\.1/);
    assert.equal(serialNumber, x509.serialNumber);
    assert.equal(fingerprint256, x509.fingerprint256);
    assert.deepEqual([validFrom, validTo], [new Date(x509.validFrom), new Date(x509.validTo)]);
    assert.ok(raw.constructor === Uint8Array, "bytes of no runtime's own class");
    assert.deepEqual([...raw], [...x509.raw]);
    await server.close();
  }
});

onOthers("without a certificate of tls.ca nobody is let in", async () => {
  for (const serverNames of [{}, { "b.example": SECOND }]) {
    const { server, certificates } = await serverWith({ ca: AUTHORITY, serverNames });
    await using _ = server;
    for (const servername of ["a.example", "b.example"]) {
      await assert.rejects(askByTls(server, { servername }));
      await assert.rejects(askByTls(server, { servername, ...STRANGER }));
      assert.equal((await askByTls(server, { servername, ...SECOND })).body, "second");
    }
    assert.equal(certificates.length, 2);
    await server.close();
  }
});

onOthers("rejectUnauthorized: false lets everybody in, and tells who was verified", async () => {
  for (const serverNames of [{}, { "b.example": SECOND }]) {
    const { server, certificates } = await serverWith({
      ca: AUTHORITY,
      rejectUnauthorized: false,
      serverNames,
    });
    await using _ = server;
    const servername = "b.example";
    for (const client of [{}, STRANGER, FIRST]) await askByTls(server, { servername, ...client });
    assert.deepEqual(certificates.map((c) => c && [c.subject.CN, c.authorized]), [
      undefined,
      ["stranger", false],
      ["first", true],
    ]);
    await server.close();
  }
});

onOthers("a resumed session has the certificate that it began with", async () => {
  const { server, certificates } = await serverWith({ ca: AUTHORITY });
  await using _ = server;
  const { session } = await askByTls(server, SECOND);
  assert.ok(session !== undefined, "the server gives out sessions");
  await askByTls(server, { ...SECOND, session: session as never });
  assert.deepEqual(certificates.map((c) => c?.authorized), [true, true]);
  assert.equal(certificates[1]?.fingerprint256, certificates[0]!.fingerprint256);
  await server.close();
});

onOthers("the certificate is told when the connection is over, too", async () => {
  const told = new Deferred<PeerCertificate | undefined>();
  await using server = await start({
    ...LOCAL,
    tls: { ...FIRST, ca: AUTHORITY },
    exchange(x) {
      const { connection } = x;
      void connection.closed.then(() => told.resolve(connection.peerCertificate));
      x.respond(200, {}, "hello");
    },
  });
  await askByTls(server, SECOND);
  assert.equal((await told.promise)?.subject.CN, "second");
  await server.close();
});

test("where none is asked for there is none", async () => {
  const { server, certificates } = await serverWith({});
  await using _ = server;
  assert.equal((await askByTls(server, SECOND)).body, "undefined");
  assert.deepEqual(certificates, [undefined]);
  await server.close();
});

/** Keys and certificates that `serve()` and `reloadTls()` take or refuse, and where TLS is spoken. */
import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import test from "node:test";
import type { TlsOptions } from "../src/api/tls.ts";
import type { NetAddr } from "../src/api/transport.ts";
import { connectTls } from "./support/byte_streams.ts";
import { AUTHORITY, FIRST, SECOND } from "./support/certificates.ts";
import {
  answers,
  assertRejects,
  exists,
  freshPath,
  IS_DENO,
  IS_NODE_20,
  start,
} from "./support/listening.ts";
import { fetch200, LOCAL } from "./support/local_servers.ts";

/** PEM whose bytes are not what they were. */
function damaged(pem: string | Uint8Array): string {
  return String(pem).replace(/\nMI/, "\nMA");
}

test("serve() refuses keys and certificates that are no PEM, and names the option", async () => {
  for (const part of ["key", "cert", "ca"]) {
    for (const wrong of ["", "no PEM", new Uint8Array(3)]) {
      const tls = { ...FIRST, [part]: wrong };
      await assertRejects({ ...LOCAL, tls }, new RegExp(`^option "tls.${part}" holds no `), "TypeError");
    }
    const tls = { ...FIRST, [part]: 3 };
    await assertRejects({ ...LOCAL, tls }, new RegExp(`^option "tls.${part}" must be PEM`), "TypeError");
  }
  await assertRejects({ ...LOCAL, tls: FIRST.cert }, /^option "tls" must be an object/, "TypeError");
  await assertRejects({ ...LOCAL, tls: { ...FIRST, pfx: "" } }, /^option "tls.pfx" is unknown/, "TypeError");
  await assertRejects({ ...LOCAL, tls: { ...FIRST, passphrase: 3 } }, /"tls.passphrase"/, "TypeError");
});

test("serve() says that a key or a certificate cannot be used, and why", async () => {
  const unusable = /^cannot listen on 127\.0\.0\.1:0: option "tls" cannot be used: /;
  const { cause } = await assertRejects({ ...LOCAL, tls: { ...FIRST, cert: damaged(FIRST.cert) } }, unusable);
  assert.ok(cause instanceof Error, "the cause is the runtime's error");
  await assertRejects({ ...LOCAL, tls: { ...FIRST, key: damaged(FIRST.key) } }, unusable);
  await assertRejects(
    { ...LOCAL, tls: { ...FIRST, key: SECOND.key } },
    /option "tls" cannot be used: the key is not that of the certificate$/,
  );
});

test("serve() refuses clients' authorities that cannot be read, and on Deno any", async () => {
  const tls = { ...FIRST, ca: damaged(AUTHORITY) };
  const expected = IS_DENO
    ? /Deno cannot ask clients for certificates \(option "tls\.ca"\)/
    : /option "tls\.ca" cannot be used: /;
  await assertRejects({ ...LOCAL, tls }, expected, IS_DENO ? "UnsupportedError" : "ListenError");
  if (IS_DENO) return;
  const caFile = freshPath();
  writeFileSync(caFile, tls.ca);
  await assertRejects({ ...LOCAL, tls: { ...FIRST, caFile } }, /option "tls\.caFile" cannot be used: /);
});

test("serve() speaks TLS on a Unix socket and on a shared port, or says that this runtime cannot", async () => {
  const path = freshPath();
  if (IS_DENO) {
    await assertRejects(
      { path, tls: FIRST },
      /Deno speaks TLS on a port of its own only.*"path"/,
      "UnsupportedError",
    );
    await assertRejects(
      { ...LOCAL, reusePort: true, tls: FIRST },
      /Deno speaks TLS on a port .*"reusePort"/,
      "UnsupportedError",
    );
    return assert.ok(!exists(path));
  }
  await using onPath = await start({ path, tls: FIRST, fetch: fetch200 });
  assert.ok(exists(path));
  await onPath.close();
  if (IS_NODE_20) return;
  await using shared = await start({ ...LOCAL, reusePort: true, tls: FIRST, fetch: fetch200 });
  assert.equal(await answers(await connectTls((shared.addr as NetAddr).port)), "hello");
  await shared.close();
});

test("reloadTls() refuses what cannot be used, and the old certificate stays", async () => {
  await using server = await start({ ...LOCAL, tls: FIRST, fetch: fetch200 });
  const { port } = server.addr as NetAddr;
  assert.throws(() => server.reloadTls({ ...FIRST, cert: "" }), /^TypeError: option "tls.cert" holds no/);
  for (const wrong of [null, false, 0, ""]) {
    assert.throws(
      () => server.reloadTls(wrong as unknown as TlsOptions),
      /^TypeError: option "tls" must be an object like { key, cert }, not /,
    );
  }
  assert.throws(
    () => server.reloadTls({ ...FIRST, cert: damaged(FIRST.cert) }),
    /option "tls" cannot be used: /,
  );
  assert.throws(() => server.reloadTls({ ...FIRST, key: SECOND.key }), /the key is not that of/);
  assert.equal(await answers(await connectTls(port)), "hello");
  await server.close();
  await using plain = await start({ ...LOCAL, fetch: fetch200 });
  assert.throws(() => plain.reloadTls(FIRST), /^TypeError: .*without option "tls"/);
  await plain.close();
});

test("reloadTls() does not switch on or off whether clients need certificates", async () => {
  await using server = await start({ ...LOCAL, tls: FIRST, fetch: fetch200 });
  assert.throws(() => server.reloadTls({ ...FIRST, ca: AUTHORITY }), /"tls.ca"/);
  await server.close();
});

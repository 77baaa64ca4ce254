/** Keys and certificates that `tls` names by their files. */
import assert from "node:assert/strict";
import { rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import test from "node:test";
import type { ListenError, OptionError } from "../mod.ts";
import { FIRST, type Pem, SECOND } from "./support/certificates.ts";
import { assertRejects, folder, IS_DENO, start } from "./support/listening.ts";
import { fetch200, LOCAL } from "./support/local_servers.ts";
import { askByTls } from "./support/tls_client.ts";

/** For what Deno refuses, as `tls_server_names_test.ts` checks. */
const onOthers = IS_DENO ? () => {} : test;

let files = 0;

/** The paths of a key and its certificate, in files of their own. */
function filesOf(pem: Pem): { keyFile: string; certFile: string } {
  const name = join(folder, String(files++));
  const paths = { keyFile: `${name}.key`, certFile: `${name}.pem` };
  write(paths, pem);
  return paths;
}

function write({ keyFile, certFile }: { keyFile: string; certFile: string }, { key, cert }: Pem): void {
  writeFileSync(keyFile, key);
  writeFileSync(certFile, cert);
}

test("serve() reads keyFile and certFile, reloadTls() reads them again", async () => {
  const tls = filesOf(FIRST);
  await using server = await start({ ...LOCAL, tls, fetch: fetch200 });
  const shown = async (): Promise<string> => (await askByTls(server)).subject;
  write(tls, SECOND);
  assert.equal(await shown(), "first", "until it is told to");
  server.reloadTls();
  assert.equal(await shown(), "second");
  server.reloadTls(FIRST);
  assert.equal(await shown(), "first");
  server.reloadTls();
  assert.equal(await shown(), "first", "the options are those of the last reload");
  await server.close();
});

test("a part may be PEM, and the other one a file", async () => {
  const { keyFile, certFile } = filesOf(SECOND);
  for (const tls of [{ key: SECOND.key, certFile }, { keyFile, cert: SECOND.cert }]) {
    await using server = await start({ ...LOCAL, tls, fetch: fetch200 });
    assert.equal((await askByTls(server)).subject, "second");
    await server.close();
  }
});

onOthers(
  "files of serverNames are read with the others",
  async () => {
    const [tls, named] = [filesOf(FIRST), filesOf(FIRST)];
    await using server = await start({
      ...LOCAL,
      tls: { ...tls, serverNames: { "b.example": named } },
      fetch: fetch200,
    });
    write(named, SECOND);
    server.reloadTls();
    assert.equal((await askByTls(server, { servername: "b.example" })).subject, "second");
    assert.equal((await askByTls(server)).subject, "first");
    await server.close();
  },
);

test("a file that cannot be read, or holds something else, is named, and the old certificate stays", async () => {
  const tls = filesOf(FIRST);
  const missing = join(folder, "missing.pem");
  const { code } = await assertRejects(
    { ...LOCAL, tls: { ...tls, certFile: missing } },
    /^cannot listen on 127\.0\.0\.1:0: option "tls\.certFile" cannot be read: .*missing\.pem/,
  ) as ListenError;
  assert.equal(code, "ENOENT");
  const swapped = { keyFile: tls.certFile, certFile: tls.keyFile };
  await assertRejects(
    { ...LOCAL, tls: swapped },
    /option "tls\.keyFile" names a file that holds no private key as PEM: .*\.pem$/,
  );
  await using server = await start({ ...LOCAL, tls, fetch: fetch200 });
  rmSync(tls.keyFile);
  assert.throws(() => server.reloadTls(), { name: "ListenError", code: "ENOENT" });
  write(tls, { ...FIRST, key: SECOND.key });
  assert.throws(
    () => server.reloadTls(),
    /option "tls" cannot be used: the key is not that of the certificate/,
  );
  assert.equal((await askByTls(server)).subject, "first");
  await server.close();
});

test("the options that name files are checked, and the error names the option", async () => {
  const wrong: readonly [tls: object, option: string, message: RegExp][] = [
    [{ ...FIRST, keyFile: "a" }, "tls.keyFile", /"tls\.key" and "tls\.keyFile" exclude each other/],
    [{ ...FIRST, certFile: "a" }, "tls.certFile", /"tls\.cert" and "tls\.certFile" exclude each other/],
    [{ ...FIRST, ca: FIRST.cert, caFile: "a" }, "tls.caFile", /"tls\.ca" and "tls\.caFile" exclude/],
    [{ cert: FIRST.cert, keyFile: "" }, "tls.keyFile", /must be the path of a file, not ""/],
    [{ cert: FIRST.cert, keyFile: 1 }, "tls.keyFile", /must be the path of a file, not number/],
    [{ cert: FIRST.cert }, "tls.key", /must be PEM, as a string or bytes, or "tls\.keyFile" the path/],
    [{ ...FIRST, rejectUnauthorized: false }, "tls.rejectUnauthorized", /goes with option "tls\.ca"/],
    [{ ...FIRST, ca: FIRST.cert, rejectUnauthorized: 0 }, "tls.rejectUnauthorized", /must be true or false/],
  ];
  for (const [tls, option, message] of wrong) {
    const refused = await assertRejects({ ...LOCAL, tls }, message, "TypeError");
    assert.equal((refused as OptionError).option, option);
  }
});

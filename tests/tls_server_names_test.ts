/** `tls.serverNames`: which certificate a client is shown, by the server name that it asks for. */
import assert from "node:assert/strict";
import test from "node:test";
import type { OptionError, ServeOptions, Server } from "../mod.ts";
import { forServerName } from "../src/server/tls.ts";
import { FIRST, SECOND, STRANGER } from "./support/certificates.ts";
import { assertRejects, IS_DENO, start } from "./support/listening.ts";
import { fetch200, LOCAL } from "./support/local_servers.ts";
import { askByTls } from "./support/tls_client.ts";

const [onOthers, onDeno] = IS_DENO ? [() => {}, test] : [test, () => {}];

/** A server whose certificate for other names is that of "first". */
function serverOf(serverNames: NonNullable<ServeOptions["tls"]>["serverNames"]): Promise<Server> {
  return start({ ...LOCAL, tls: { ...FIRST, serverNames: serverNames! }, fetch: fetch200 });
}

/** The common names in what clients are shown that ask for these; "" asks for none. */
async function shown(server: Server, ...names: string[]): Promise<string[]> {
  const subjects: string[] = [];
  for (const servername of names) {
    const { subject, body } = await askByTls(server, servername === "" ? {} : { servername });
    assert.equal(body, "hello");
    subjects.push(subject);
  }
  return subjects;
}

test("forServerName() finds a name itself, whatever its case, and then a wildcard for its first label", () => {
  const names = new Map([["a.example", 1], ["*.a.example", 2], ["*.x.a.example", 3]]);
  const found = (name: string): number | undefined => forServerName(names, name);
  assert.deepEqual(["a.example", "A.Example", "a.example."].map(found), [1, 1, 1]);
  assert.deepEqual(["b.a.example", "x.a.example.", "y.X.a.example"].map(found), [2, 2, 3]);
  assert.deepEqual(
    ["", ".", "example", "b.example", "c.b.a.example", ".a.example", "a.example.."].map(found),
    Array(7).fill(undefined),
  );
});

onOthers(
  "clients are shown the certificate of the name that they ask for",
  async () => {
    await using server = await serverOf({
      "B.example": SECOND,
      "*.wild.example": STRANGER,
      "own.wild.example": SECOND,
    });
    assert.deepEqual(
      await shown(server, "b.example", "b.example.", "a.wild.example", "own.wild.example"),
      ["second", "second", "stranger", "second"],
    );
    assert.deepEqual(
      await shown(server, "", "unknown.example", "wild.example", "a.b.wild.example"),
      Array(4).fill("first"),
    );
    await server.close();
  },
);

onOthers("reloadTls() replaces the certificates of all names", async () => {
  await using server = await serverOf({ "b.example": SECOND });
  assert.deepEqual(await shown(server, "", "b.example", "c.example"), ["first", "second", "first"]);
  const unusable = { ...SECOND, key: FIRST.key };
  assert.throws(
    () => server.reloadTls({ ...STRANGER, serverNames: { "b.example": FIRST, "c.example": unusable } }),
    /option "tls\.serverNames\["c\.example"\]" cannot be used: the key is not that of the certificate/,
  );
  assert.deepEqual(
    await shown(server, "", "b.example", "c.example"),
    ["first", "second", "first"],
    "as before",
  );
  server.reloadTls({ ...STRANGER, serverNames: { "c.example": SECOND } });
  assert.deepEqual(await shown(server, "", "b.example", "c.example"), ["stranger", "stranger", "second"]);
  server.reloadTls(SECOND);
  assert.deepEqual(await shown(server, "b.example"), ["second"]);
  await server.close();
});

onDeno("on Deno, which has one certificate for all names, serve() and reloadTls() say so", async () => {
  const tls = { ...FIRST, serverNames: { "b.example": SECOND } };
  const message = /Deno has one certificate for all server names \(option "tls\.serverNames"\)/;
  await assertRejects({ ...LOCAL, tls }, message, "UnsupportedError");
  await using server = await start({ ...LOCAL, tls: FIRST, fetch: fetch200 });
  assert.throws(() => server.reloadTls(tls), message);
  await server.close();
});

test("tls.serverNames is checked, and the error names the option", async () => {
  const wrong: readonly [serverNames: unknown, option: string, message: RegExp][] = [
    [1, "tls.serverNames", /must be an object like { "b\.example": { key, cert } }, not number/],
    [new Map([["b.example", SECOND]]), "tls.serverNames", /must be an object like .*, not Map/],
    [[SECOND], "tls.serverNames", /must be an object like .*, not Array/],
    [[], "tls.serverNames", /must be an object like .*, not Array/],
    [null, "tls.serverNames", /must be an object like .*, not null/],
    [{ "127.0.0.1": SECOND }, "tls.serverNames", /names look like b\.example or \*\.b\.example/],
    [{ "a.*.example": SECOND }, "tls.serverNames", /unlike "a\.\*\.example"/],
    [{ "ä.example": SECOND }, "tls.serverNames", /must name hosts in ASCII/],
    [{ "https://a": SECOND }, "tls.serverNames", /unlike "https:\/\/a"/],
    [{ "": SECOND }, "tls.serverNames", /unlike ""/],
    [{ "a.example": SECOND, "A.example": SECOND }, "tls.serverNames", /it is there twice/],
    [{ a: null }, 'tls.serverNames["a"]', /must be an object like { key, cert }, not null/],
    [
      { a: { ...SECOND, ca: "" } },
      'tls.serverNames["a"].ca',
      /is unknown; the options are key, cert, keyFile/,
    ],
    [
      { a: { key: SECOND.key } },
      'tls.serverNames["a"].cert',
      /must be PEM.*"tls\.serverNames\["a"\]\.certFile"/,
    ],
    [{ a: { ...SECOND, key: "none" } }, 'tls.serverNames["a"].key', /holds no private key as PEM/],
  ];
  for (const [serverNames, option, message] of wrong) {
    const refused = await assertRejects({ ...LOCAL, tls: { ...FIRST, serverNames } }, message, "TypeError");
    assert.equal((refused as OptionError).option, option);
  }
});

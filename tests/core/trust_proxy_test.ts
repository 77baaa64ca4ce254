/** Option "trustProxy": whose word is taken for the client's address, and for the scheme and host of a request. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { Addr } from "../../src/api/transport.ts";
import type { ConnectionOptions } from "../../src/api/options.ts";
import type { TrustProxyOptions } from "../../src/api/proxies.ts";
import { get, settled } from "../support/memory.ts";
import { bodies, connectFrom, statuses, tcp } from "../support/proxied_connections.ts";
import { CLIENT, CLIENT_V1 } from "../support/proxy_headers.ts";

const PROXY = tcp("10.0.0.2");
const ALLOW = { allow: ["10.0.0.0/8", "fd00::/8"] };
/** All but Forwarded. */
const SEPARATE: TrustProxyOptions = {
  ...ALLOW,
  fields: ["x-forwarded-for", "x-forwarded-proto", "x-forwarded-host", "x-forwarded-port"],
};
const ALL_FIELDS: TrustProxyOptions = { ...ALLOW, fields: ["forwarded", ...SEPARATE.fields!] };

/** For people: an address and its port, if that is told. */
function name(addr: Addr | undefined): string {
  if (addr?.transport !== "tcp") return String(addr?.transport);
  return addr.port === 0 ? addr.hostname : `${addr.hostname} ${addr.port}`;
}

/** The handlers of both kinds: they tell the URL, without its path, and the client. */
const HANDLERS: readonly ConnectionOptions[] = [
  {
    fetch: ({ url }, { remoteAddr }) => new Response(`${url.replace(/\/p$/, "")} ${name(remoteAddr)}`),
  },
  {
    exchange: (x) => x.respond(200, {}, `${x.scheme}://${x.authority} ${name(x.remoteAddr)}`),
  },
];

/** What handlers are told of a request with these lines, which comes from `peer`. */
function told(
  trustProxy: TrustProxyOptions,
  lines: readonly string[],
  ...from: (Addr | undefined)[]
): string {
  const [peer] = from.length === 0 ? [PROXY] : from;
  const [byFetch, byExchange] = HANDLERS.map((handler) => {
    const connected = connectFrom(peer, { ...handler, trustProxy });
    connected.client.send(get("/p", ...lines));
    assert.deepEqual(statuses(connected), [200], lines.join());
    assert.deepEqual(connected.connection.remoteAddr, peer, "the connection's address is the peer's");
    return bodies(connected)[0];
  });
  assert.equal(byFetch, byExchange, lines.join());
  return byFetch;
}

function assertTold(
  trustProxy: TrustProxyOptions,
  cases: readonly (readonly [lines: readonly string[], expected: string])[],
): void {
  for (const [lines, expected] of cases) assert.equal(told(trustProxy, lines), expected, lines.join());
}

/** A quoted-string (RFC 9110 §5.6.4). */
const quoted = (text: string): string => `"${text.replace(/["\\]/g, "\\$&")}"`;

const XFF = "X-Forwarded-For: 192.0.2.1";

test("by default host and port are the request's own, since most proxies pass on a client's fields of them", () => {
  assertTold(ALLOW, [
    [
      [XFF, "X-Forwarded-Proto: https", "X-Forwarded-Host: evil.example", "X-Forwarded-Port: 8443"],
      "https://a.example 192.0.2.1",
    ],
  ]);
});

test("a proxy that ends TLS tells the client's address, scheme and host", () => {
  assertTold(SEPARATE, [
    [[], "http://a.example 10.0.0.2 40000"],
    [[XFF], "http://a.example 192.0.2.1"],
    [["X-Forwarded-Proto: https"], "https://a.example 10.0.0.2 40000"],
    [["X-Forwarded-Host: b.example"], "http://b.example 10.0.0.2 40000"],
    [
      ["X-Forwarded-Host: b.example:8443", "x-forwarded-proto: HTTPS", XFF],
      "https://b.example:8443 192.0.2.1",
    ],
    [["X-Forwarded-Host: [2001:db8::1]:81"], "http://[2001:db8::1]:81 10.0.0.2 40000"],
    [["X-Forwarded-For: [2001:db8::1]:4711"], "http://a.example 2001:db8::1 4711"],
    [["X-Forwarded-For: ::ffff:192.0.2.1"], "http://a.example 192.0.2.1"],
  ]);
});

test("X-Forwarded-Port is the port of the URL, and is left out where it is the scheme's", () => {
  assertTold(SEPARATE, [
    [["X-Forwarded-Port: 8443"], "http://a.example:8443 10.0.0.2 40000"],
    [["X-Forwarded-Port: 8443", "X-Forwarded-Host: b.example:81"], "http://b.example:8443 10.0.0.2 40000"],
    [["X-Forwarded-Port: 8443", "X-Forwarded-Host: [::1]"], "http://[::1]:8443 10.0.0.2 40000"],
    [["X-Forwarded-Port: 443", "X-Forwarded-Proto: https"], "https://a.example 10.0.0.2 40000"],
    [["X-Forwarded-Port: 80", "X-Forwarded-Proto: https"], "https://a.example:80 10.0.0.2 40000"],
    ...["0", "65536", "80a", "+80", "-1", "080"].map((port) =>
      [[`X-Forwarded-Port: ${port}`], "http://a.example 10.0.0.2 40000"] as const
    ),
  ]);
});

test("the client is the last address of the list that is no trusted proxy's", () => {
  const client = (list: string): string =>
    told(ALLOW, [`X-Forwarded-For: ${list}`]).split(" ").slice(1).join(" ");
  assert.equal(client("192.0.2.9, 192.0.2.1"), "192.0.2.1");
  assert.equal(client("192.0.2.9, 192.0.2.1, 10.0.0.3"), "192.0.2.1");
  assert.equal(client("192.0.2.9, 192.0.2.1, fd00::3, 10.0.0.4"), "192.0.2.1");
  assert.equal(client("10.0.0.5, 10.0.0.4"), "10.0.0.5", "all are trusted: the first");
  assert.equal(client("192.0.2.1, unknown"), "10.0.0.2 40000", "a proxy that does not know its client");
  assert.equal(client("192.0.2.1, evil\"', 10.0.0.3"), "10.0.0.3", "the last address that is known");
  assert.equal(client(",, 192.0.2.1 ,"), "192.0.2.1");
  assert.equal(
    told(ALLOW, ["X-Forwarded-For: 192.0.2.9", "X-Forwarded-For: 192.0.2.1"]),
    "http://a.example 192.0.2.1",
    "lines make one list",
  );
});

test("of scheme, host and port the last value counts, which no client has written", () => {
  assertTold(SEPARATE, [
    // The proxy adds to what the client has sent.
    [[XFF, "X-Forwarded-Proto: https, http"], "http://a.example 192.0.2.1"],
    [[XFF, "X-Forwarded-Host: evil.example", "X-Forwarded-Host: b.example"], "http://b.example 192.0.2.1"],
    [[XFF, "X-Forwarded-Port: 1, 8443"], "http://a.example:8443 192.0.2.1"],
    // So does the outer one of two proxies, of which the inner one adds to the addresses alone.
    [
      [
        "X-Forwarded-For: 192.0.2.1, 10.0.0.3",
        "X-Forwarded-Proto: http, https",
        "X-Forwarded-Host: evil.example, b.example",
      ],
      "https://b.example 192.0.2.1",
    ],
    // The outer one alone sets.
    [["X-Forwarded-For: 192.0.2.1, 10.0.0.3", "X-Forwarded-Proto: https"], "https://a.example 192.0.2.1"],
    [["X-Forwarded-Proto: http, https,"], "https://a.example 10.0.0.2 40000"],
    [["X-Forwarded-Host: b.example, a/b"], "http://a.example 10.0.0.2 40000"],
  ]);
});

test("what is malformed counts as not told, and reaches neither the URL nor the address", () => {
  const hosts = [
    "a b",
    "a/b",
    "user@a",
    "a?b",
    "a#b",
    "a:99999",
    "[::1",
    "a\\b",
    "a%zz",
    "ä",
    "http://a",
    '"a"',
  ];
  const schemes = ["ftp", "javascript", "https:", "https://evil", "wss", "h ttp", '"https"'];
  assertTold(ALL_FIELDS, [
    ...hosts.map((host) => [[`X-Forwarded-Host: ${host}`], "http://a.example 10.0.0.2 40000"] as const),
    ...schemes.map((scheme) =>
      [[`X-Forwarded-Proto: ${scheme}`], "http://a.example 10.0.0.2 40000"] as const
    ),
    ...hosts.map((host) =>
      [[`Forwarded: for=192.0.2.1;host=${quoted(host)}`], "http://a.example 192.0.2.1"] as const
    ),
    ...schemes.map((scheme) =>
      [[`Forwarded: for=192.0.2.1;proto=${quoted(scheme)}`], "http://a.example 192.0.2.1"] as const
    ),
    [['Forwarded: for=192.0.2.1;host=""'], "http://a.example 192.0.2.1"],
    [["Forwarded: for=192.0.2.1;for=192.0.2.2"], "http://a.example 10.0.0.2 40000"],
    [['Forwarded: for="192.0.2.1'], "http://a.example 10.0.0.2 40000"],
  ]);
});

test("peers that are not allowed are not believed", () => {
  const lines = [XFF, "X-Forwarded-Proto: https", "X-Forwarded-Host: b.example", "X-Forwarded-Port: 1"];
  const unix: Addr = { transport: "unix", path: "" };
  for (const peer of [tcp("192.0.2.7"), tcp("::1"), unix, undefined]) {
    assert.equal(told(SEPARATE, lines, peer), `http://a.example ${name(peer)}`);
  }
  assert.equal(told({ ...SEPARATE, allow: ["unix"] }, lines, unix), "https://b.example:1 192.0.2.1");
  assert.equal(told({ ...SEPARATE, allow: ["unknown"] }, lines, undefined), "https://b.example:1 192.0.2.1");
  assert.equal(told(SEPARATE, lines, tcp("::ffff:10.0.0.7")), "https://b.example:1 192.0.2.1");
});

test("Forwarded is read where it is named, instead of the others", () => {
  const both = ["Forwarded: for=192.0.2.2;proto=https;host=b.example", XFF, "X-Forwarded-Host: c.example"];
  assert.equal(told(SEPARATE, both), "http://c.example 192.0.2.1", "a client's own");
  assert.equal(told(ALL_FIELDS, both), "https://b.example 192.0.2.2");
  assert.equal(told({ ...ALLOW, fields: ["forwarded"] }, both.slice(1)), "http://a.example 10.0.0.2 40000");
  assert.equal(told(ALL_FIELDS, both.slice(1)), "http://c.example 192.0.2.1");
  assert.equal(
    told({ ...ALLOW, fields: ["x-forwarded-for"] }, [...both, "X-Forwarded-Proto: https"]),
    "http://a.example 192.0.2.1",
  );
});

test("Forwarded is walked from the right, as far as trusted proxies have written it", () => {
  assertTold(ALL_FIELDS, [
    [['Forwarded: for="[2001:db8::1]:4711";proto=https'], "https://a.example 2001:db8::1 4711"],
    [["Forwarded: for=192.0.2.9;proto=https, for=192.0.2.1"], "http://a.example 192.0.2.1"],
    [
      ["Forwarded: for=192.0.2.1;proto=https;host=b.example, for=10.0.0.3;proto=http"],
      "https://b.example 192.0.2.1",
    ],
    [["Forwarded: for=192.0.2.1, for=10.0.0.3;proto=https"], "https://a.example 192.0.2.1"],
    [["Forwarded: for=192.0.2.1, for=unknown;proto=https"], "https://a.example 10.0.0.2 40000"],
    [["Forwarded: for=192.0.2.1, for=_hidden"], "http://a.example 10.0.0.2 40000"],
    [['Forwarded: for="', "Forwarded: for=192.0.2.1"], "http://a.example 192.0.2.1"],
    [["Forwarded: proto=https"], "https://a.example 10.0.0.2 40000"],
  ]);
});

test("without the option such fields are headers like others", () => {
  for (const handler of HANDLERS) {
    const connected = connectFrom(PROXY, handler);
    connected.client.send(get("/p", XFF, "X-Forwarded-Proto: https", "X-Forwarded-Host: b.example"));
    assert.deepEqual(bodies(connected), ["http://a.example 10.0.0.2 40000"]);
  }
});

test("requests of several clients on one connection are told apart", () => {
  for (const handler of HANDLERS) {
    const connected = connectFrom(PROXY, { ...handler, trustProxy: ALLOW });
    connected.client.send(get("/p", XFF) + get("/p") + get("/p", "X-Forwarded-For: 192.0.2.2"));
    assert.deepEqual(bodies(connected).map((body) => body.split(" ")[1]), [
      "192.0.2.1",
      "10.0.0.2",
      "192.0.2.2",
    ]);
  }
});

test("url and address are told after the response, too, and whatever the handler does to the headers", async () => {
  const looks: (() => string)[] = [];
  const connected = connectFrom(PROXY, {
    trustProxy: SEPARATE,
    fetch(request, info) {
      request.headers.set("x-forwarded-for", "192.0.2.9");
      request.headers.set("x-forwarded-host", "evil.example");
      looks.push(() => `${request.url} ${name(info.remoteAddr)}`);
      return new Response();
    },
  });
  const host = (name: string): string => `X-Forwarded-Host: ${name}.example`;
  connected.client.send(get("/p", XFF, host("b")) + get("/p", "X-Forwarded-For: 192.0.2.2", host("c")));
  await settled();
  connected.connection.close();
  await connected.connection.closed;
  assert.deepEqual(looks.map((look) => look()), [
    "http://b.example/p 192.0.2.1",
    "http://c.example/p 192.0.2.2",
  ]);
});

test("the forwarded host takes the place of that of an absolute target", () => {
  for (
    const [target, path] of [["http://b.example/c?d", "/c?d"], ["http://b.example", "/"], [
      "http://b.example?d",
      "/?d",
    ]]
  ) {
    const connected = connectFrom(PROXY, {
      trustProxy: SEPARATE,
      fetch: ({ url }) => new Response(url),
    });
    connected.client.send(get(target, "X-Forwarded-Host: c.example", "X-Forwarded-Proto: https"));
    assert.deepEqual(bodies(connected), [`https://c.example${path}`]);
  }
});

test("X-Forwarded-Port goes to the authority of an absolute target, and not to Host", () => {
  for (const handler of HANDLERS) {
    const connected = connectFrom(PROXY, { ...handler, trustProxy: SEPARATE });
    connected.client.send(get("http://b.example:81/p", "X-Forwarded-Port: 8443"));
    assert.deepEqual(bodies(connected), ["http://b.example:8443 10.0.0.2 40000"]);
  }
});

test("what CONNECT leads to is its target, whatever proxies tell", async () => {
  const lines = ["X-Forwarded-Host: c.example", "X-Forwarded-Port: 99", "X-Forwarded-Proto: https"];
  for (
    const [handler, expected] of [
      [{ exchange: (x) => x.respond(403, {}, `${x.scheme} ${x.authority}`) }, "https b.example:5432"],
      [{ fetch: ({ url }) => new Response(url, { status: 403 }) }, "https://b.example:5432/"],
    ] satisfies [ConnectionOptions, string][]
  ) {
    const connected = connectFrom(PROXY, { ...handler, trustProxy: SEPARATE });
    connected.client.send(
      ["CONNECT b.example:5432 HTTP/1.1", "Host: b.example:5432", ...lines, "", ""].join("\r\n"),
    );
    await settled();
    assert.deepEqual(bodies(connected), [expected]);
  }
});

test("x.authority is that of the target, or of Host", () => {
  const authority = (request: string): string => {
    const connected = connectFrom(PROXY, { exchange: (x) => x.respond(200, {}, `[${x.authority}]`) });
    connected.client.send(request);
    return bodies(connected)[0];
  };
  assert.equal(authority("GET / HTTP/1.1\r\nHost: a.example:81\r\n\r\n"), "[a.example:81]");
  assert.equal(authority("GET http://b.example:82?c HTTP/1.1\r\nHost: a.example\r\n\r\n"), "[b.example:82]");
  assert.equal(authority("OPTIONS * HTTP/1.1\r\nHost: a.example\r\n\r\n"), "[a.example]");
  assert.equal(authority("GET / HTTP/1.0\r\n\r\n"), "[]");
});

test("a PROXY header names the proxy that is trusted, or not", () => {
  const options = { proxyProtocol: { allow: ["10.0.0.0/8"] }, exchange: HANDLERS[1].exchange! };
  const { hostname } = CLIENT.remoteAddr as { hostname: string };
  for (const [allow, expected] of [[hostname, "192.0.2.77"], ["10.0.0.0/8", hostname]]) {
    const connected = connectFrom(PROXY, { ...options, trustProxy: { allow: [allow] } });
    connected.client.send(CLIENT_V1 + get("/p", "X-Forwarded-For: 192.0.2.77"));
    assert.equal(bodies(connected)[0].split(" ")[1], expected);
  }
});

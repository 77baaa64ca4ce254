/**
 * Every option, once: its kind, default, bounds and meaning. The checks, the types of the settings, the defaults and
 * the table of docs/options.md are made of this.
 */
import type { ObjectOption, Option, OptionScope, ToldOption } from "./rows.ts";

/** What the system's calls take as an `int`. */
export const MAX_INT: number = 2 ** 31 - 1;

/** A timer of a platform holds 31 bits of milliseconds, and fires at once on more. */
export const MAX_TIME: number = MAX_INT;

/**
 * The rows, in the order of docs/options.md. They are literals, without `satisfies` and without expressions: the types of the settings
 * follow from their types, which must show in this file alone (`isolatedDeclarations`, and JSR). `ROWS` checks them.
 */
export const TABLE = {
  fetch: { kind: "function", scope: "connection", doc: "the handler; this or `exchange`" },
  exchange: { kind: "function", scope: "connection", doc: "the handler; this or `fetch`" },
  onError: {
    kind: "function",
    scope: "connection",
    default: "`console.error`",
    doc:
      "told what a handler threw, and the request; may return the `Response` to send; not told of what the client has caused",
  },
  onRefused: {
    kind: "function",
    scope: "connection",
    doc:
      "told of each 4xx and 5xx that the engine sends by itself: the error, with `status` and `code`, and the connection",
  },
  onStateChange: {
    kind: "function",
    scope: "connection",
    doc: "told the connection, and `new`, `active`, `idle`, `draining`, `upgraded` or `closed`",
  },
  http1: {
    kind: "boolean",
    scope: "connection",
    default: true,
    doc: "HTTP/1.1 and HTTP/1.0; `false` goes with `http2` alone",
  },
  http2: {
    kind: "object",
    scope: "connection",
    default: false,
    members: {
      maxConcurrentStreams: { kind: "count", default: 100, min: 1, max: 2_147_483_647 },
      initialWindowSize: { kind: "bytes", default: 65_535, min: 1_024, max: 2_147_483_647 },
      maxWindowSize: { kind: "bytes", default: 2_097_152, min: 1_024, max: 2_147_483_647 },
      pingInterval: { kind: "time", default: 0 },
      pingTimeout: { kind: "time", default: 20_000 },
    },
    doc: "HTTP/2, over TLS by ALPN",
  },
  keepAlive: {
    kind: "boolean",
    scope: "connection",
    default: true,
    doc: "persistence as RFC 9112 §9.3, HTTP/1.0 included",
  },
  keepAliveHint: {
    kind: "boolean",
    scope: "connection",
    default: true,
    doc: "responses say `Keep-Alive: timeout=…, max=…`",
  },
  idleTimeout: {
    kind: "time",
    scope: "connection",
    default: 60_000,
    doc: "how long a connection may be idle, as told to the client",
  },
  idleTimeoutBuffer: {
    kind: "time",
    scope: "connection",
    default: 5_000,
    doc: "how much later it is really closed, so that no request races it",
  },
  headerTimeout: {
    kind: "time",
    scope: "connection",
    default: 30_000,
    doc: "from a head's first byte to its end; on a new connection from the accept; 408",
  },
  requestTimeout: {
    kind: "time",
    scope: "connection",
    default: 300_000,
    doc: "from a head's first byte to the end of its body; 408",
  },
  minBodyRate: {
    kind: "object",
    scope: "connection",
    members: {
      bytesPerSecond: { kind: "count", default: 240 },
      grace: { kind: "time", default: 60_000, min: 1 },
    },
    doc: "a body that comes slower as a whole, once `grace` is over; 408",
  },
  writeTimeout: {
    kind: "time",
    scope: "connection",
    default: 60_000,
    doc: "how long a client may take no byte of what waits for it",
  },
  maxRequests: {
    kind: "count",
    scope: "connection",
    default: 0,
    doc: "requests per connection; the last response says `Connection: close`",
  },
  maxAge: {
    kind: "time",
    scope: "connection",
    default: 0,
    doc: "how old a connection gets; the first response after that says `Connection: close`",
  },
  jitter: {
    kind: "ratio",
    scope: "connection",
    default: 0.1,
    doc: "by up to which share of `maxAge` sooner or later, 0 to 1",
  },
  maxHeaderBytes: { kind: "bytes", scope: "connection", default: 16_384, doc: "of a request's head; 431" },
  maxHeaders: { kind: "count", scope: "connection", default: 100, doc: "header lines of a request; 431" },
  maxTargetBytes: { kind: "bytes", scope: "connection", default: 8_192, doc: "of a request target; 414" },
  maxBodyBytes: { kind: "bytes", scope: "connection", default: 134_217_728, doc: "of a request body; 413" },
  drainBody: {
    kind: "object",
    scope: "connection",
    members: {
      bytes: { kind: "bytes", default: 262_144 },
      timeout: { kind: "time", default: 500 },
    },
    doc: "what is read of a body that the handler left unread",
  },
  lingerTimeout: {
    kind: "time",
    scope: "connection",
    default: 5_000,
    doc: "how long a closing connection still discards",
  },
  highWaterMark: {
    kind: "bytes",
    scope: "connection",
    default: 65_536,
    min: 1,
    doc: "buffered per direction before backpressure",
  },
  proxyProtocol: {
    kind: "object",
    scope: "connection",
    members: { allow: { kind: "other" } },
    doc: "takes clients' addresses from PROXY headers (v1, v2), which the peers in `allow` must send",
  },
  trustProxy: {
    kind: "object",
    scope: "connection",
    members: { allow: { kind: "other" }, fields: { kind: "other" } },
    doc:
      "takes the client's address and scheme from `X-Forwarded-For` and `-Proto`, or what `fields` names, of the peers in `allow`",
  },
  globals: {
    kind: "boolean",
    scope: "connection",
    default: true,
    doc:
      "whether a `fetch` handler replaces globals, see [Requests and responses](requests-and-responses.md#the-globals)",
  },
  maxConnections: {
    kind: "count",
    scope: "server",
    default: 0,
    doc: "at the cap the longest idle or silent connection makes room, else 503",
  },
  maxConnectionsPerIp: { kind: "count", scope: "server", default: 0, doc: "of one address; more get 503" },
  port: {
    kind: "other",
    scope: "listen",
    default: 8000,
    doc: "0 lets the system choose; may be a string of digits",
  },
  hostname: {
    kind: "other",
    scope: "listen",
    default: "all of IPv6 and IPv4",
    doc: "an address, or a name of one",
  },
  path: { kind: "other", scope: "listen", doc: "a Unix socket instead of a port" },
  mode: { kind: "other", scope: "listen", default: "the umask's", doc: "permissions of the file at `path`" },
  fd: {
    kind: "other",
    scope: "listen",
    doc: 'an inherited socket instead of a port: a descriptor, or `"systemd"`',
  },
  tls: {
    kind: "object",
    scope: "listen",
    members: {
      key: { kind: "other" },
      cert: { kind: "other" },
      keyFile: { kind: "other" },
      certFile: { kind: "other" },
      passphrase: { kind: "other" },
      ca: { kind: "other" },
      caFile: { kind: "other" },
      rejectUnauthorized: { kind: "other" },
      serverNames: { kind: "other" },
    },
    doc:
      "speaks TLS with `key` and `cert` (or `keyFile`, `certFile`), and others by `serverNames`; with `ca` clients need a certificate",
  },
  reusePort: {
    kind: "boolean",
    scope: "listen",
    default: false,
    doc: "several processes listen on one port",
  },
  backlog: {
    kind: "count",
    scope: "listen",
    default: 1024,
    min: 1,
    max: 2_147_483_647,
    doc: "how many may wait to be accepted, where the runtime takes it",
  },
  signal: { kind: "other", scope: "serve", doc: "an `AbortSignal`; aborting shuts the server down" },
  onListen: { kind: "function", scope: "serve", doc: "told the address" },
} as const;

/** An option's name. */
export type OptionName = keyof typeof TABLE;

/** The names of the options of these kinds and scopes. */
export type NameOf<K extends Option["kind"], S extends OptionScope = OptionScope> = {
  [N in OptionName]: (typeof TABLE)[N] extends { readonly kind: K; readonly scope: S } ? N : never;
}[OptionName];

/** The rows, by name. */
export const ROWS: readonly (readonly [name: string, row: Option])[] = Object.entries<Option>(TABLE);

/** What docs/options.md says of each option. */
export function toldOptions(): ReadonlyMap<string, ToldOption> {
  return new Map(
    ROWS.map(([name, row]) => [name, { scope: row.scope, default: toldDefault(row), doc: toldDoc(row) }]),
  );
}

/** docs/options.md groups the digits of a number, but not those of a port. */
function toldDefault(row: Option): ToldOption["default"] {
  if (row.kind === "object") return row.default ?? toldMembers(row);
  return row.kind === "function" || row.kind === "other" ? String(row.default ?? "") : row.default;
}

/** What an object that is off by default consists of is told along with what it means. */
function toldDoc(row: Option): string {
  const isOff = row.kind === "object" && row.default === false;
  return isOff ? `${row.doc}; \`true\` is ${toldMembers(row)}` : row.doc;
}

function toldMembers({ members }: ObjectOption): string {
  const told = Object.entries(members).flatMap(([name, member]) =>
    member.kind === "other" ? [] : `${name}: ${member.default.toLocaleString("en").replaceAll(",", "_")}`
  );
  return told.length === 0 ? "" : `\`{ ${told.join(", ")} }\``;
}

/** The names of the options of these scopes. */
export function optionNames(...scopes: readonly OptionScope[]): string[] {
  return ROWS.filter(([, { scope }]) => scopes.includes(scope)).map(([name]) => name);
}

/**
 * Every option, once: its kind, default, bounds and meaning. The checks, the defaults and README's table are made of this.
 */

/**
 * What takes an option: `serveConn()` those of `connection`, `createServer()` those of `server` too, `listen()` those of
 * `listen`, and `serve()` all.
 */
export type OptionScope = "connection" | "server" | "listen" | "serve";

/** The kinds of options whose value is checked by its bounds alone. */
export type ScalarKind = "boolean" | "time" | "count" | "bytes" | "ratio";

/** An option that is a boolean or a number. */
export interface ScalarOption<T extends boolean | number = boolean | number> {
  /** What it is; a `time` is whole milliseconds. */
  readonly kind: ScalarKind;
  /** Who takes it. */
  readonly scope: OptionScope;
  /** The value where it is left out. */
  readonly default: T;
  /** The least value; 0 by default. */
  readonly min?: number;
  /** The largest value; by default what its kind can hold. */
  readonly max?: number;
  /** One line for README, as Markdown. */
  readonly doc: string;
}

/** An option with a check of its own. */
export interface OtherOption {
  /** What it is. */
  readonly kind: "function" | "object" | "other";
  /** Who takes it. */
  readonly scope: OptionScope;
  /** The default, as README says it. */
  readonly default?: string;
  /** The members of an object. */
  readonly members?: readonly string[];
  /** One line for README, as Markdown. */
  readonly doc: string;
}

/** What the system's calls take as an `int`. */
export const MAX_INT: number = 2 ** 31 - 1;

/** A timer of a platform holds 31 bits of milliseconds, and fires at once on more. */
export const MAX_TIME: number = MAX_INT;

/** Options that are booleans. */
export type FlagName =
  | "keepAlive"
  | "keepAliveHint"
  | "globals"
  | "reusePort";

/** The options that are booleans. */
export const FLAGS: Readonly<Record<FlagName, ScalarOption<boolean>>> = {
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
  globals: {
    kind: "boolean",
    scope: "connection",
    default: true,
    doc: "whether a `fetch` handler replaces globals, see [The globals](#the-globals)",
  },
  reusePort: {
    kind: "boolean",
    scope: "listen",
    default: false,
    doc: "several processes listen on one port",
  },
};

/** Options that are numbers. */
export type NumberName =
  | "idleTimeout"
  | "idleTimeoutBuffer"
  | "headerTimeout"
  | "requestTimeout"
  | "writeTimeout"
  | "maxRequests"
  | "maxAge"
  | "jitter"
  | "maxHeaderBytes"
  | "maxHeaders"
  | "maxTargetBytes"
  | "maxBodyBytes"
  | "lingerTimeout"
  | "highWaterMark"
  | "maxConnections"
  | "maxConnectionsPerIp"
  | "backlog";

/** The options that are numbers. */
export const NUMBERS: Readonly<Record<NumberName, ScalarOption<number>>> = {
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
  maxBodyBytes: {
    kind: "bytes",
    scope: "connection",
    default: 128 * 1024 * 1024,
    doc: "of a request body; 413",
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
    default: 64 * 1024,
    min: 1,
    doc: "buffered per direction before backpressure",
  },
  maxConnections: {
    kind: "count",
    scope: "server",
    default: 0,
    doc: "at the cap the longest idle or silent connection makes room, else 503",
  },
  maxConnectionsPerIp: { kind: "count", scope: "server", default: 0, doc: "of one address; more get 503" },
  backlog: {
    kind: "count",
    scope: "listen",
    default: 1024,
    min: 1,
    max: MAX_INT,
    doc: "how many may wait to be accepted, where the runtime takes it",
  },
};

/** Members of options that are objects. */
export type MemberName =
  | "minBodyRate.bytesPerSecond"
  | "minBodyRate.grace"
  | "drainBody.bytes"
  | "drainBody.timeout";

/** The members that are numbers. */
export const MEMBERS: Readonly<Record<MemberName, Pick<ScalarOption<number>, "kind" | "default" | "min">>> = {
  "minBodyRate.bytesPerSecond": { kind: "count", default: 240 },
  "minBodyRate.grace": { kind: "time", default: 60_000, min: 1 },
  "drainBody.bytes": { kind: "bytes", default: 256 * 1024 },
  "drainBody.timeout": { kind: "time", default: 500 },
};

/** Options with checks of their own. */
export type OtherName =
  | "fetch"
  | "exchange"
  | "onError"
  | "onRefused"
  | "onStateChange"
  | "minBodyRate"
  | "drainBody"
  | "proxyProtocol"
  | "port"
  | "hostname"
  | "path"
  | "mode"
  | "fd"
  | "tls"
  | "signal"
  | "onListen";

/** The options with checks of their own. */
export const OTHERS: Readonly<Record<OtherName, OtherOption>> = {
  fetch: { kind: "function", scope: "connection", doc: "the handler; this or `exchange`" },
  exchange: { kind: "function", scope: "connection", doc: "the handler; this or `fetch`" },
  onError: {
    kind: "function",
    scope: "connection",
    default: "`console.error`",
    doc: "told what a handler threw, and the request; may return the `Response` to send",
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
  minBodyRate: {
    kind: "other",
    scope: "connection",
    default: "`{ bytesPerSecond: 240, grace: 60_000 }`",
    members: ["bytesPerSecond", "grace"],
    doc: "a body that comes slower as a whole, once `grace` is over; 408",
  },
  drainBody: {
    kind: "object",
    scope: "connection",
    default: "`{ bytes: 262_144, timeout: 500 }`",
    members: ["bytes", "timeout"],
    doc: "what is read of a body that the handler left unread",
  },
  proxyProtocol: {
    kind: "object",
    scope: "connection",
    members: ["allow"],
    doc: "takes clients' addresses from PROXY headers (v1, v2), which the peers in `allow` must send",
  },
  port: {
    kind: "other",
    scope: "listen",
    default: "8000",
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
    members: ["key", "cert", "passphrase", "ca"],
    doc: "speaks TLS with `key` and `cert`; with `ca` clients need a certificate",
  },
  signal: { kind: "other", scope: "serve", doc: "an `AbortSignal`; aborting shuts the server down" },
  onListen: { kind: "function", scope: "serve", doc: "told the address" },
};

/** In README's order. */
const ORDER: readonly string[] = [
  ..."fetch exchange onError onRefused onStateChange keepAlive keepAliveHint idleTimeout idleTimeoutBuffer"
    .split(" "),
  ..."headerTimeout requestTimeout minBodyRate writeTimeout maxRequests maxAge jitter maxHeaderBytes".split(
    " ",
  ),
  ..."maxHeaders maxTargetBytes maxBodyBytes drainBody lingerTimeout highWaterMark proxyProtocol globals"
    .split(" "),
  ..."maxConnections maxConnectionsPerIp port hostname path mode fd tls reusePort backlog signal onListen"
    .split(" "),
];

/** Every option, by name. */
export const OPTIONS: ReadonlyMap<string, ScalarOption | OtherOption> = new Map(
  Object.entries<ScalarOption | OtherOption>({ ...FLAGS, ...NUMBERS, ...OTHERS })
    .sort(([a], [b]) => ORDER.indexOf(a) - ORDER.indexOf(b)),
);

/** The names of the options of these scopes. */
export function optionNames(...scopes: readonly OptionScope[]): string[] {
  return [...OPTIONS].filter(([, { scope }]) => scopes.includes(scope)).map(([name]) => name);
}

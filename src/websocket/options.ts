/**
 * How a WebSocket is opened.
 */
import { rangeError, typeError, wrongType } from "../options/option_error.ts";
import { checkNames, checkNumber } from "../options/checks.ts";
import { TOKEN } from "./handshake.ts";

/** Options of `upgradeWebSocket()`. */
export interface UpgradeWebSocketOptions {
  /**
   * The subprotocol that is spoken, or those that are, the best first: the first that the client offers is chosen. Where
   * it offers none of them the WebSocket opens without one, which browsers then refuse.
   */
  readonly protocol?: string | readonly string[];
  /**
   * Seconds (as for `Deno.upgradeWebSocket`) after which a client that sends nothing is taken for gone: at half of them
   * it is sent a ping, and one that has not even answered that gets `error` and `close` with 1006. 0 waits for ever.
   * Of one that does not take what it was sent nothing is read, and `writeTimeout` holds.
   * @default 30
   */
  readonly idleTimeout?: number;
  /**
   * Bytes of the longest message that is taken; a longer one closes the WebSocket with 1009. 0 takes any.
   * @default 16_777_216
   */
  readonly maxPayload?: number;
  /**
   * Whether messages are compressed where the client offers it (RFC 7692), or options of the `ws` package for that. Each
   * connection needs memory of its own for it, some hundred KiB.
   * @default false
   */
  readonly perMessageDeflate?: boolean | Readonly<Record<string, unknown>>;
}

/** The options, each with its value. */
export type WebSocketSettings = Required<Omit<UpgradeWebSocketOptions, "protocol">>;

const NAMES = ["protocol", "idleTimeout", "maxPayload", "perMessageDeflate"];
const IDLE_TIMEOUT_S = 30;
/** A message is in memory as a whole. */
const MAX_PAYLOAD_BYTES = 16 * 1024 * 1024;
/** RFC 7692 §7.1.2. */
const WINDOW_BITS = { kind: "count", min: 8, max: 15 } as const;
/** What `ws` takes on every runtime. */
const MOST_BYTES = 0x7fff_ffff;
/** What a timer takes. */
const MOST_SECONDS = 2_000_000;

/**
 * The settings, and the subprotocols.
 *
 * @throws {TypeError} and {RangeError} on options that are wrong
 */
export function readOptions(
  options: UpgradeWebSocketOptions,
): { settings: WebSocketSettings; protocols: readonly string[] } {
  checkNames(options, NAMES);
  const {
    protocol = [],
    idleTimeout = IDLE_TIMEOUT_S,
    maxPayload = MAX_PAYLOAD_BYTES,
    perMessageDeflate = false,
  } = options;
  const protocols = typeof protocol === "string" ? [protocol] : protocol;
  if (!Array.isArray(protocols)) throw wrongType("protocol", "a name, or an array of names", protocol);
  for (const name of protocols) {
    if (typeof name !== "string") throw wrongType("protocol", "a name, or an array of names", name);
    if (!TOKEN.test(name)) {
      throw typeError("protocol", `option "protocol" must be a token, not ${JSON.stringify(name)}`);
    }
  }
  if (typeof idleTimeout !== "number") throw wrongType("idleTimeout", "a number of seconds", idleTimeout);
  if (!(idleTimeout >= 0 && idleTimeout <= MOST_SECONDS)) {
    throw rangeError(
      "idleTimeout",
      `option "idleTimeout" must be a number of seconds from 0 to ${MOST_SECONDS}, not ${idleTimeout}`,
    );
  }
  checkNumber("maxPayload", maxPayload, { kind: "count", max: MOST_BYTES });
  checkDeflate(perMessageDeflate);
  return { settings: { idleTimeout, maxPayload, perMessageDeflate }, protocols };
}

/** Refuses what `ws` would find wrong only while it answers a client. */
function checkDeflate(options: UpgradeWebSocketOptions["perMessageDeflate"]): void {
  if (typeof options === "boolean") return;
  if (typeof options !== "object" || options === null || Array.isArray(options)) {
    throw wrongType("perMessageDeflate", "true, false or an object", options);
  }
  for (const name of ["serverMaxWindowBits", "clientMaxWindowBits"]) {
    const bits = options[name];
    if (bits === undefined || typeof bits === "boolean") continue;
    checkNumber(`perMessageDeflate.${name}`, bits as number, WINDOW_BITS);
  }
}

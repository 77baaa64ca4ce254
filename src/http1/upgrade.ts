/**
 * Which protocol an upgrade switches to (RFC 9110 §7.8).
 */
import { ExchangeError } from "../api/errors.ts";
import { UPGRADE } from "./connection_options.ts";
import type { RequestHead } from "./request_head.ts";

/**
 * The protocol to switch to, as the request names it; `null` for the tunnel of a CONNECT. `chosen` is the handler's choice,
 * by default the first that the request offers.
 *
 * @throws {ExchangeError} where the request offers none, or not this one
 */
export function protocolToSwitchTo(head: RequestHead, chosen: string | undefined): string | null {
  const { method, minor, connection, fields } = head;
  if (method === "CONNECT") return null;
  // An Upgrade in HTTP/1.0, or one that Connection does not list, is none.
  const isOffered = minor > 0 && (connection & UPGRADE) !== 0;
  const protocols = isOffered ? listOf(fields.get("upgrade")) : [];
  if (protocols.length === 0) {
    throw new ExchangeError("no_upgrade", "upgrade(): the request asks for no upgrade");
  }
  // It must be one of those, whose case does not matter.
  const protocol = chosen ?? protocols[0];
  if (protocols.some((name) => name.toLowerCase() === protocol.toLowerCase())) return protocol;
  throw new ExchangeError("no_upgrade", `upgrade(): the request does not offer ${JSON.stringify(protocol)}`);
}

/** The members of a list (RFC 9110 §5.6.1). */
function listOf(value: string | null): string[] {
  return (value ?? "").split(",").map((member) => member.trim()).filter((member) => member !== "");
}

/**
 * The opening handshake of a WebSocket, the server's side (RFC 6455 §4.2): whether a request is one, and the
 * response if not.
 */
import type { RequestFields, RequestView } from "../core/protocol.ts";

/** The version of RFC 6455. */
const VERSION = "13";
/** 16 bytes in base64 (§4.1, item 7). The last of the 22 digits has two bits, four of them 0. */
const KEY = /^[A-Za-z0-9+/]{21}[AQgw]==$/;
/** A token (RFC 9110 §5.6.2), as the name of a subprotocol is. */
export const TOKEN: RegExp = /^[!#$%&'*+\-.^_`|~\w]+$/;

/** An answer to a request that opens no WebSocket. */
export interface Refusal {
  readonly status: number;
  readonly fields: Readonly<Record<string, string>>;
  readonly text: string;
}

/** Why `head` opens no WebSocket; `null` where it does. `hasBody`: a body comes along that was not read. */
export function refusalOf(head: RequestView, hasBody: boolean): Refusal | null {
  const { method, httpVersion, fields } = head;
  if (httpVersion === "2") return refusalOfStream(head);
  if (method !== "GET") return refuse(405, { allow: "GET" }, "A WebSocket is opened by GET.");
  // An Upgrade in HTTP/1.0, or one that Connection does not list, is none (RFC 9110 §7.8).
  const asks = httpVersion !== "1.0" && lists(fields, "connection", "upgrade") &&
    lists(fields, "upgrade", "websocket");
  if (!asks) return upgradeRequired("This is a WebSocket.");
  if (fields.get("sec-websocket-version") !== VERSION) {
    return upgradeRequired(`This is a WebSocket of version ${VERSION}.`);
  }
  // Two lines of it, joined by a comma, are no key either (§11.3.1).
  if (!KEY.test(fields.get("sec-websocket-key") ?? "")) {
    return refuse(400, {}, "Sec-WebSocket-Key is no key.");
  }
  const refusal = refusalOfProtocols(fields);
  if (refusal !== null) return refusal;
  return hasBody ? refuse(400, {}, "A WebSocket is opened without a body.") : null;
}

/** On a stream of HTTP/2 a WebSocket is opened by extended CONNECT, without a key (RFC 8441 §5). */
function refusalOfStream({ method, protocol, fields }: RequestView): Refusal | null {
  if (method !== "CONNECT" || protocol !== "websocket") {
    return refuse(405, {}, "Over HTTP/2 a WebSocket is opened by CONNECT with :protocol websocket.");
  }
  if (fields.get("sec-websocket-version") !== VERSION) {
    return refuse(400, { "sec-websocket-version": VERSION }, `This is a WebSocket of version ${VERSION}.`);
  }
  return refusalOfProtocols(fields);
}

function refusalOfProtocols(fields: RequestFields): Refusal | null {
  const protocols = fields.get("sec-websocket-protocol");
  if (protocols === null || isProtocolList(protocols)) return null;
  return refuse(400, {}, "Sec-WebSocket-Protocol is no list of different tokens.");
}

/** The first of the subprotocols `spoken` that the request offers (§4.2.2, item 5); names are case-sensitive. */
export function chooseProtocol(fields: RequestFields, spoken: readonly string[]): string | undefined {
  const offered = membersOf(fields.get("sec-websocket-protocol"));
  return spoken.find((name) => offered.includes(name));
}

/** 426 names what to upgrade to (RFC 9110 §15.5.22), and which versions there are (RFC 6455 §4.4). */
function upgradeRequired(text: string): Refusal {
  const fields = { connection: "upgrade", upgrade: "websocket", "sec-websocket-version": VERSION };
  return refuse(426, fields, text);
}

function refuse(status: number, fields: Record<string, string>, text: string): Refusal {
  return { status, fields: { ...fields, "content-type": "text/plain;charset=UTF-8" }, text: `${text}\n` };
}

/** Tokens that differ, one at least (§4.1, item 10). */
function isProtocolList(list: string): boolean {
  const names = membersOf(list).filter((name) => name !== ""); // empty members are ignored (RFC 9110 §5.6.1)
  return names.length > 0 && names.every((name) => TOKEN.test(name)) && new Set(names).size === names.length;
}

function lists(fields: RequestFields, name: string, member: string): boolean {
  return membersOf(fields.get(name)).some((one) => one.toLowerCase() === member);
}

function membersOf(list: string | null): string[] {
  return (list ?? "").split(",").map((member) => member.trim());
}

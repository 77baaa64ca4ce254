/**
 * Option "trustProxy": for whom the proxies in front pass on a request, by the fields that they add. A field is believed
 * as far as trusted proxies have written it. The list of proxies is walked from the right: the peer has written the last
 * element, a trusted one there the element before it, and the first address that is not trusted is the client's. What is
 * malformed ends the walk: further left nothing can be told apart from what a client has made up.
 *
 * Of lists without addresses only the last element is known to be a proxy's: those before may be the client's, also
 * where there are as many as proxies, since not each of these need have added one.
 */
import type { ForwardedField } from "../api/proxies.ts";
import type { Addr } from "../api/transport.ts";
import { isHost } from "../wire/authority.ts";
import { type ForwardedElement, listFromRight, parseForwardedElement, parseNode } from "../wire/forwarded.ts";
import type { ForwardedRequest, RequestFields, Scheme } from "./protocol.ts";
import { ProxyPeers } from "./proxy_peers.ts";

/** The proxies, and the fields that they set. */
export class TrustedProxies {
  readonly #peers: ProxyPeers;
  readonly #fields: ReadonlySet<ForwardedField>;

  /**
   * Trusts who is named by `allow` with these fields.
   *
   * @throws {TypeError} on an entry of `allow` that names no peers
   */
  constructor(allow: readonly string[], fields: readonly ForwardedField[]) {
    this.#peers = new ProxyPeers("trustProxy.allow", allow);
    this.#fields = new Set(fields);
  }

  /** What `fields`, which have come from `peer`, tell of the request; `null` where the peer is not trusted. */
  read(peer: Addr | undefined, fields: RequestFields): ForwardedRequest | null {
    if (!this.#peers.has(peer)) return null;
    const forwarded = this.#valueOf(fields, "forwarded");
    if (forwarded !== null) return this.#readForwarded(peer, forwarded);
    return this.#readSeparateFields(peer, fields);
  }

  #valueOf(fields: RequestFields, name: ForwardedField): string | null {
    return this.#fields.has(name) ? fields.get(name) : null;
  }

  /** An element tells of one proxy alone: what several tell is taken from the first that has seen the request. */
  #readForwarded(peer: Addr | undefined, forwarded: string): ForwardedRequest {
    let remoteAddr = peer;
    let told: ForwardedElement = {};
    for (const text of listFromRight(forwarded)) {
      if (!this.#peers.has(remoteAddr)) break;
      const element = parseForwardedElement(text);
      if (element === null) break;
      told = { ...told, ...element };
      const next = parseNode(element.for ?? "");
      if (next === null) break;
      remoteAddr = next;
    }
    return { remoteAddr, scheme: asScheme(told.proto), host: asHost(told.host), port: null };
  }

  /** `X-Forwarded-*`, of which each is a list of its own. */
  #readSeparateFields(peer: Addr | undefined, fields: RequestFields): ForwardedRequest {
    let remoteAddr = peer;
    for (const text of listFromRight(this.#valueOf(fields, "x-forwarded-for") ?? "")) {
      if (!this.#peers.has(remoteAddr)) break;
      const next = parseNode(text);
      if (next === null) break;
      remoteAddr = next;
    }
    const told = (name: ForwardedField): string | undefined => lastOf(this.#valueOf(fields, name) ?? "");
    return {
      remoteAddr,
      scheme: asScheme(told("x-forwarded-proto")),
      host: asHost(told("x-forwarded-host")),
      port: asPort(told("x-forwarded-port")),
    };
  }
}

function lastOf(list: string): string | undefined {
  return listFromRight(list).next().value ?? undefined;
}

function asScheme(proto: string | undefined): Scheme | null {
  const scheme = proto?.toLowerCase();
  return scheme === "http" || scheme === "https" ? scheme : null;
}

const encoder = new TextEncoder();

/** What would be refused as Host is none here either. */
function asHost(host: string | undefined): string | null {
  if (host === undefined || host === "") return null;
  const bytes = encoder.encode(host);
  return isHost(bytes, 0, bytes.length) ? host : null;
}

function asPort(port: string | undefined): string | null {
  return port !== undefined && /^[1-9][0-9]{0,4}$/.test(port) && Number(port) <= 65_535 ? port : null;
}

/**
 * Which protocol a connection speaks: where there is a choice, its first octets tell.
 */
import { ProtocolError } from "../api/errors.ts";
import { NEED_MORE } from "../wire/bytes.ts";
import type { ProtocolConnection } from "./protocol.ts";
import type { ProtocolHost } from "./protocol_host.ts";

/** The protocols of a server. */
export interface Protocols {
  /** What a connection speaks as long as nothing else is known. */
  connect(connection: ProtocolHost): ProtocolConnection;
  /** What else it may speak; `null` for nothing. */
  readonly alternative: AlternativeProtocol | null;
}

/** A protocol whose clients say by their first octets that they speak it. */
export interface AlternativeProtocol {
  /** Those octets. */
  readonly preface: Uint8Array;
  /** What TLS calls it (RFC 7301). */
  readonly alpn: string;
  /** Whether every client has to speak it. */
  readonly isOnly: boolean;
  /** Speaks it on `connection`; `null` while it is being loaded, after which `connection` goes on. */
  connect(connection: ProtocolHost): ProtocolConnection | null;
}

/** What a connection speaks from now on. */
export interface Choice {
  /** `null`: what it speaks already. */
  readonly protocol: ProtocolConnection | null;
  /** How many octets were a preface. */
  readonly length: number;
}

const AS_BEFORE: Choice = { protocol: null, length: 0 };

/**
 * What `connection` speaks, by its first octets, `bytes[start, end)`, and by what TLS has agreed upon (`alpn`), if it has:
 * the two must not differ. `NEED_MORE` where that is not known yet.
 */
export function chooseProtocol(
  alternative: AlternativeProtocol,
  connection: ProtocolHost,
  alpn: string | null | undefined,
  bytes: Uint8Array,
  start: number,
  end: number,
): Choice | ProtocolError | typeof NEED_MORE {
  const { preface } = alternative;
  const count = Math.min(preface.length, end - start);
  const isAgreed = alpn === alternative.alpn;
  for (let i = 0; i < count; i++) {
    if (bytes[start + i] === preface[i]) continue;
    return alternative.isOnly || isAgreed ? wrongProtocol(alternative.alpn) : AS_BEFORE;
  }
  if (count < preface.length) return NEED_MORE;
  if (alpn && !isAgreed) return wrongProtocol(alpn);
  const protocol = alternative.connect(connection);
  return protocol === null ? NEED_MORE : { protocol, length: count };
}

function wrongProtocol(expected: string): ProtocolError {
  return new ProtocolError("unsupported_version", 505, `only "${expected}" is spoken on this connection`);
}

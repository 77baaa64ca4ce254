/**
 * Which protocol a connection speaks: where there is a choice, its first octets tell.
 */
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

/** The length of `preface` where `bytes[start, end)` begins with it, 0 where it does not, or `NEED_MORE`. */
export function prefaceLength(preface: Uint8Array, bytes: Uint8Array, start: number, end: number): number {
  const count = Math.min(preface.length, end - start);
  for (let i = 0; i < count; i++) if (bytes[start + i] !== preface[i]) return 0;
  return count === preface.length ? count : NEED_MORE;
}

/**
 * Clients' certificates as `node:tls` tells them. They are asked for when the handshake is over: a closed socket has
 * forgotten them.
 */
import type { DetailedPeerCertificate, PeerCertificate as NodeCertificate, TLSSocket } from "node:tls";
import type { PeerCertificate } from "../api/transport.ts";

/** The certificate of a socket's peer, where it has one. */
const CERTIFICATE = Symbol("certificate");

type Certified = { [CERTIFICATE]?: PeerCertificate };

/** Keeps the certificate with which the peer of `socket` has come, if it has; `authorized`: whether it was verified. */
export function keepPeerCertificate(socket: TLSSocket, authorized: boolean): void {
  const told: Partial<DetailedPeerCertificate> | null = socket.getPeerCertificate();
  if (told?.raw !== undefined) {
    (socket as Certified)[CERTIFICATE] = certificateOf(told as NodeCertificate, authorized);
  }
}

/** The certificate of the peer of `socket`, if it was kept. */
export function peerCertificateOf(socket: object): PeerCertificate | undefined {
  return (socket as Certified)[CERTIFICATE];
}

function certificateOf(told: NodeCertificate, authorized: boolean): PeerCertificate {
  return {
    authorized,
    subject: { ...told.subject },
    issuer: { ...told.issuer },
    subjectAltName: told.subjectaltname,
    serialNumber: told.serialNumber,
    fingerprint256: told.fingerprint256,
    validFrom: new Date(told.valid_from),
    validTo: new Date(told.valid_to),
    raw: Uint8Array.from(told.raw),
  };
}

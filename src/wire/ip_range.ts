/**
 * A range of IP addresses: one address, or those that share a prefix (CIDR, RFC 4632 §3.1, RFC 4291 §2.3).
 * An IPv4 address is the same whether it comes as itself or mapped into IPv6 (`::ffff:192.0.2.1`).
 */
import { ipText, isMapped, parseIp, SMALL_NUMBER, unmapped } from "./ip_address.ts";

/** Bits of what a mapped address has before the address that it carries. */
const MAPPED_BITS = 96;

/** Addresses of one kind that begin with the same bits. */
export class IpRange {
  /** The first address of the range: what is behind its prefix is zero. */
  readonly #first: Uint8Array;
  readonly #prefix: number;

  private constructor(first: Uint8Array, prefix: number) {
    this.#first = first;
    this.#prefix = prefix;
  }

  /**
   * Reads `10.1.2.3`, `10.0.0.0/8`, `::1` or `fd00::/8`.
   *
   * @returns the range, or what is wrong with the text and how it would be right
   */
  static parse(text: string): IpRange | string {
    const slash = text.indexOf("/");
    const address = slash < 0 ? text : text.slice(0, slash);
    const ip = parseIp(address);
    if (ip === null) return "an address looks like 10.1.2.3 or fd00::1, a range like 10.0.0.0/8 or fd00::/8";
    const bits = ip.length * 8;
    const length = slash < 0 ? String(bits) : text.slice(slash + 1);
    const prefix = Number(length);
    if (!SMALL_NUMBER.test(length) || prefix > bits) {
      return `the length of a prefix is a number from 0 to ${bits}`;
    }
    const first = ip.map((byte, i) => byte & maskOf(prefix - i * 8));
    if (first.some((byte, i) => byte !== ip[i])) {
      return `write "${ipText(first)}/${prefix}" for the range, or "${address}" for the one address`;
    }
    // Where those bits are set that make it mapped, the prefix has them all.
    return isMapped(first) ? new IpRange(unmapped(first), prefix - MAPPED_BITS) : new IpRange(first, prefix);
  }

  /** Whether the address of these bytes is in the range; see `peerIp`. */
  has(ip: Uint8Array): boolean {
    const first = this.#first;
    if (ip.length !== first.length) return false;
    for (let i = 0; i * 8 < this.#prefix; i++) {
      if (((ip[i] ^ first[i]) & maskOf(this.#prefix - i * 8)) !== 0) return false;
    }
    return true;
  }
}

/** A byte whose first `bits` bits are set: none below 1, all from 8 on. */
function maskOf(bits: number): number {
  return bits <= 0 ? 0 : bits >= 8 ? 0xff : 0xff << (8 - bits) & 0xff;
}

/**
 * The bytes of a socket's address, to be looked for in ranges, or `null` where it is none. A zone
 * (`fe80::1%eth0`, RFC 4007 §11) says which link the address is on, and is not part of it.
 */
export function peerIp(hostname: string): Uint8Array | null {
  const zone = hostname.indexOf("%");
  const ip = parseIp(zone < 0 ? hostname : hostname.slice(0, zone));
  return ip !== null && isMapped(ip) ? unmapped(ip) : ip;
}

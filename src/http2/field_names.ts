/**
 * Field names as interned strings, since clients send the same few names again and again. The table has a fixed size, and
 * a new name replaces another one: its memory is bounded whatever clients send.
 */
import { latin1 } from "../wire/bytes.ts";

/** How many names are remembered. A power of two; some hundred names are in use. */
const SLOTS = 512;

/** Longer names are made anew each time. In octets. */
const MAX_REMEMBERED = 48;

/** A name's place follows from its octets; another one there gives way. */
const slots = new Array<string>(SLOTS).fill("");

/** The name in `bytes[start, end)`, any octets. */
export function fieldName(bytes: Uint8Array, start: number, end: number): string {
  const length = end - start;
  if (length > MAX_REMEMBERED) return latin1(bytes, start, end);
  let hash = length;
  for (let i = start; i < end; i++) hash = (Math.imul(hash, 31) + bytes[i]) | 0;
  const slot = (hash ^ (hash >>> 9)) & (SLOTS - 1);
  const known = slots[slot];
  if (known.length === length && spells(known, bytes, start)) return known;
  return slots[slot] = latin1(bytes, start, end);
}

function spells(text: string, bytes: Uint8Array, start: number): boolean {
  for (let i = 0; i < text.length; i++) if (text.charCodeAt(i) !== bytes[start + i]) return false;
  return true;
}

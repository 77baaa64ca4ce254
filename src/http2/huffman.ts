/**
 * Decodes strings in HPACK's Huffman code (RFC 7541 §5.2, Appendix B), four bits at a step, so that the table of all
 * steps takes 16 KiB. There is no encoder: octets saved in a response are not worth a server's time.
 */

/**
 * The length of the code of each octet and of EOS, a letter each: `a` is five bits, `z` thirty. The code is canonical:
 * in the order of their lengths, then of the symbols, codes are consecutive numbers, so that lengths say it all.
 */
const LENGTHS =
  "isxxxxxxxtzxxzxxxxxxxxzxxxxxxxxxbffhibdgffdgdbbbaaabbbbbbbcdkbhfibccccccccccccccccccccccdcdioijbk" +
  "abababbbaccbbbabcbaabccccckgjixprpprrrsrssssststtrstssssqrsrsstrqprrssqsrrtqrssqqrqsrssprrrsrrsvv" +
  "porsruvvvwwvtuoqvwwvwtqqvvxwwwptpqrqqsrruuttvsvwvvwwwwwxwwwwwvz";

const EOS = 256;

/** The shortest code: a string has at most 8/5 of the octets that it is encoded in. In bits. */
const SHORTEST_CODE = 5;

/** Padding is at most this long, and the first bits of EOS, which are ones. In bits. */
const MAX_PADDING = 7;

/** A state is how far a code has come: an inner node of the tree of codes. */
const STATES = 256;
/** The state after EOS, which must not be in a string; nothing leads out of it. */
const FAILED = STATES;

/** In a step: the octet that it completes, whether it completes one, and from this bit on the next state. */
const COMPLETE = 1 << 8;
const COMPLETED = COMPLETE | 0xff;
const NEXT = 13;
/** From this bit on, with zeros below the state, a step of four bits has the place of the next one's steps. */
const NEXT_STEPS = NEXT - 4;

let steps: Uint32Array | null = null;

/** How many octets `decodeHuffman` may write, for an encoded string of `length` octets. */
export function huffmanCapacity(length: number): number {
  return Math.floor(length * 8 / SHORTEST_CODE) + 1; // one more is written and not counted
}

/**
 * Decodes `bytes[start, end)` to the beginning of `out`, which has the room that `huffmanCapacity` tells.
 *
 * @returns how many octets it is, or -1 where the padding is wrong or EOS is in it
 */
export function decodeHuffman(bytes: Uint8Array, start: number, end: number, out: Uint8Array): number {
  const table = steps ??= stepTable();
  let length = 0;
  let place = 0;
  // The octet is written at each step, and counted where it was complete: a branch would be guessed wrong too often.
  for (let i = start; i < end; i++) {
    const octet = bytes[i];
    const high = table[place + (octet >> 4)];
    out[length] = high;
    length += (high >> 8) & 1;
    const low = table[(high >> NEXT_STEPS) + (octet & 15)];
    out[length] = low;
    length += (low >> 8) & 1;
    place = low >> NEXT_STEPS;
  }
  return place >> 4 <= MAX_PADDING ? length : -1;
}

/** What the next four bits do in each state: no code is so short that they complete two octets. */
function stepTable(): Uint32Array {
  const children = codeTree();
  const ofOneBit = new Uint32Array(2 * STATES);
  for (let i = 0; i < children.length; i++) {
    const symbol = ~children[i];
    if (symbol < 0) ofOneBit[i] = children[i] << NEXT;
    else ofOneBit[i] = symbol === EOS ? FAILED << NEXT : COMPLETE | symbol;
  }
  return doubled(doubled(ofOneBit, 1), 2);
}

/** The steps of twice as many bits. */
function doubled(steps: Uint32Array, bits: number): Uint32Array {
  const values = 1 << (2 * bits);
  const table = new Uint32Array((STATES + 1) * values).fill(FAILED << NEXT);
  for (let i = 0; i < STATES * values; i++) {
    const first = steps[i >> bits];
    const state = first >> NEXT;
    if (state === FAILED) continue;
    const second = steps[(state << bits) | (i & ((1 << bits) - 1))];
    table[i] = second | (first & COMPLETED);
  }
  return table;
}

/**
 * Both children of each inner node of the tree of codes: another one, or the complement of a symbol. The root is 0;
 * the ones are gone first, so that the nodes to which nothing but ones lead are numbered as they follow each other.
 */
function codeTree(): Int16Array {
  const children = new Int16Array(2 * STATES);
  const symbols = symbolsByCode();
  let nodes = 0;
  /** The node at so many bits that is next where symbols are taken from the last code on. */
  const next = (bits: number): number => {
    if (codeLength(symbols[symbols.length - 1]) === bits) return ~symbols.pop()!;
    const node = nodes++;
    children[2 * node + 1] = next(bits + 1);
    children[2 * node] = next(bits + 1);
    return node;
  };
  next(0);
  return children;
}

function symbolsByCode(): number[] {
  const byLength: number[][] = [];
  for (let symbol = 0; symbol <= EOS; symbol++) (byLength[codeLength(symbol)] ??= []).push(symbol);
  return byLength.flat();
}

function codeLength(symbol: number): number {
  return LENGTHS.charCodeAt(symbol) - 0x61 + SHORTEST_CODE;
}

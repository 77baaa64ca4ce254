/**
 * The grammar of chunk extensions (RFC 9112 §7.1.1), a byte at a time. Nobody uses what they say; but where one
 * recipient sees an extension and another a malformed line, they may disagree about the line's end, too.
 *
 *   chunk-ext = *( BWS ";" BWS chunk-ext-name [ BWS "=" BWS ( token / quoted-string ) ] )
 */
import { HTAB, IS_FIELD_VALUE, IS_TOKEN, SEMICOLON, SP } from "../wire/bytes.ts";

const EQUALS = 0x3d;
const QUOTE = 0x22;
const BACKSLASH = 0x5c;

/** What was read last. */
const ELEMENT = {
  MALFORMED: -1,
  /** The size. */
  SIZE: 0,
  /** Blanks behind the size or a value, which only another extension may follow. */
  BLANK: 1,
  SEMICOLON: 2,
  NAME: 3,
  NAME_BLANK: 4,
  EQUALS: 5,
  TOKEN: 6,
  QUOTED: 7,
  BACKSLASH: 8,
  QUOTED_END: 9,
} as const;

/** How far extensions were read. */
export type ExtensionState = typeof ELEMENT[keyof typeof ELEMENT];

/** Before the first byte behind a chunk's size. */
export const NO_EXTENSION: ExtensionState = ELEMENT.SIZE;

/** No extension is read like that. */
export const MALFORMED_EXTENSION: ExtensionState = ELEMENT.MALFORMED;

/** The state after `byte`, which is none of a line's end. */
export function extensionState(state: ExtensionState, byte: number): ExtensionState {
  const isBlank = byte === SP || byte === HTAB;
  switch (state) {
    case ELEMENT.SIZE:
    case ELEMENT.BLANK:
    case ELEMENT.QUOTED_END:
      if (isBlank) return ELEMENT.BLANK;
      return byte === SEMICOLON ? ELEMENT.SEMICOLON : ELEMENT.MALFORMED;
    case ELEMENT.SEMICOLON:
      if (isBlank) return state;
      return IS_TOKEN[byte] ? ELEMENT.NAME : ELEMENT.MALFORMED;
    case ELEMENT.NAME:
      if (IS_TOKEN[byte]) return state;
      return afterName(byte);
    case ELEMENT.NAME_BLANK:
      return afterName(byte);
    case ELEMENT.EQUALS:
      if (isBlank) return state;
      if (byte === QUOTE) return ELEMENT.QUOTED;
      return IS_TOKEN[byte] ? ELEMENT.TOKEN : ELEMENT.MALFORMED;
    case ELEMENT.TOKEN:
      if (IS_TOKEN[byte]) return state;
      if (isBlank) return ELEMENT.BLANK;
      return byte === SEMICOLON ? ELEMENT.SEMICOLON : ELEMENT.MALFORMED;
    case ELEMENT.QUOTED:
      if (byte === QUOTE) return ELEMENT.QUOTED_END;
      if (byte === BACKSLASH) return ELEMENT.BACKSLASH;
      return IS_FIELD_VALUE[byte] ? state : ELEMENT.MALFORMED;
    case ELEMENT.BACKSLASH:
      return IS_FIELD_VALUE[byte] ? ELEMENT.QUOTED : ELEMENT.MALFORMED;
    case ELEMENT.MALFORMED:
      return state;
  }
}

function afterName(byte: number): ExtensionState {
  if (byte === SP || byte === HTAB) return ELEMENT.NAME_BLANK;
  if (byte === EQUALS) return ELEMENT.EQUALS;
  return byte === SEMICOLON ? ELEMENT.SEMICOLON : ELEMENT.MALFORMED;
}

/** Whether the line may end there. */
export function mayEndAfter(state: ExtensionState): boolean {
  return state === ELEMENT.SIZE || state === ELEMENT.NAME || state === ELEMENT.TOKEN ||
    state === ELEMENT.QUOTED_END;
}

/**
 * What the representations of fields begin with (RFC 7541 §5, §6): for decoder, encoder, and who looks for one in a block.
 */

/** The bits that tell a representation, above those of its integer. */
export const INDEXED = 0x80;
export const INCREMENTAL_INDEXING = 0x40;
export const SIZE_UPDATE = 0x20;
export const NEVER_INDEXED = 0x10;
export const WITHOUT_INDEXING = 0x00;

/** The largest number that is in a prefix of so many bits, all ones: further octets follow. */
export const PREFIX_7 = 0x7f;
export const PREFIX_6 = 0x3f;
export const PREFIX_5 = 0x1f;
export const PREFIX_4 = 0x0f;

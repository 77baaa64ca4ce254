/**
 * Sizes of bodies in the contract, by what they are larger than.
 */
export const KIB = 1024;
export const MIB: number = 1024 * KIB;
/** Many pieces of any buffer on the way. */
export const UPLOAD: number = MIB;
export const DOWNLOAD: number = 8 * MIB;
/** Far more than any system buffers on the way, so that what is not held back shows. */
export const TOO_MUCH: number = 96 * MIB;
/** Bytes in one write of a streamed response. */
export const PIECE: number = 64 * KIB;

/**
 * The bytes that handlers get. Types only.
 *
 * @module
 */

/** Bytes in memory that is not shared: a `Uint8Array<ArrayBuffer>`, or a `Uint8Array` before TypeScript 5.7. */
export type Bytes = ReturnType<Uint8ArrayConstructor["of"]>;

/**
 * The keep-alive probes of TCP (RFC 9293 §3.8.4), by which the system notices a client that vanished without a word
 * while nothing is being sent.
 */

/** Time without a byte until the first probe, in milliseconds. */
export const KEEP_ALIVE_DELAY = 60_000;

// What is asked of Mooring under attack, and how it stands to that: good clients are answered, about as soon as by the
// runtime's own server, and memory stays within what the options say.

/** Milliseconds of p99 that are good beside any other server. */
const SOON = 50;
/** How many times the p99 of the runtime's own server are good. */
const TIMES_OWN = 2;

/** Bytes that a connection may keep by default: `highWaterMark` in each direction, a response, `maxHeaderBytes`. */
const CONNECTION_BYTES = 2 * 64 * 1024 + 64 * 1024 + 16 * 1024;
/**
 * Bytes that a process may grow by before its runtime collects what requests leave. A program that only makes 20,000
 * objects of some KB a second, of which 1,000 live at a time, grows by 85 MB on Node and Deno and by 53 on Bun.
 */
export const GARBAGE_BYTES = 96 * 1024 * 1024;

/** @returns {string[]} what was missed */
export function missed({ held }, mooring, own) {
  const late = (group) => mooring[group].p99 > Math.max(SOON, TIMES_OWN * own[group].p99);
  const growth = mooring.peak - mooring.before;
  return [
    ...mooring.died ? ["the server ended"] : [],
    ...Object.keys(mooring.failures).length > 0 ? ["failures"] : [],
    ...late("kept") || late("fresh") ? ["p99"] : [],
    ...growth > held * CONNECTION_BYTES + GARBAGE_BYTES ? ["memory"] : [],
  ];
}

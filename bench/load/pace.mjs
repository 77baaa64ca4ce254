// When a client sends its next request: at once, so many milliseconds after an answer, or when the rate says.

/** Milliseconds below which a timer would be later than the request is early without one. */
const TOO_SHORT = 1;

/**
 * For the client `index` of `connections`: a function that takes the milliseconds since the start, and tells those to
 * `wait` before the next request, or how far `behind` the rate it is already. Its latency has to include that, or a
 * server that stalls is not asked when it would be slow.
 */
export function createPace({ pause = 0, rate, connections }, index) {
  if (!rate) {
    let wait = 0; // for the first request
    return () => {
      const turn = { wait, behind: 0 };
      wait = pause;
      return turn;
    };
  }
  let due = index * 1000 / rate; // the clients take turns
  return (elapsed) => {
    const wait = due - elapsed;
    due += connections * 1000 / rate;
    return { wait: wait < TOO_SHORT ? 0 : wait, behind: Math.max(0, -wait) };
  };
}

// A row of the application bench as people read it.

import { thousands } from "./table.mjs";

/** Its title, with the number of connections where it has one of its own. */
export function rowTitle({ title, connections }) {
  if (!connections) return title;
  return `${title}, ${thousands(connections)} connection${connections > 1 ? "s" : ""}`;
}

// The colours of all charts: Mooring's are blue, other servers' orange, a limit is grey, and whatever is none of these
// takes the next of the palette. On opaque white, because a page may be light or dark.

export const PAPER = "#ffffff";
export const INK = "#24292f";
export const SOFT_INK = "#57606a";
export const GRID = "#e6e9ed";

const ROLES = {
  mooring: ["#0b5cad", "#8fbfea"],
  peer: ["#c2570c", "#f2bd8f"],
  limit: ["#6e7781", "#c4c9cf"],
};
const PALETTE = ["#0b5cad", "#c2570c", "#2f8132", "#8250df", "#b3316b", "#0a7c86", "#7d6608", "#6e7781"];
/** The runtimes have the same colours in every chart. */
const RUNTIMES = { Node: "#2f8132", Deno: "#24292f", Bun: "#d0679d" };

/** The colour of the `index`th series: by its role, by a runtime it is named after, or the next of the palette. */
export function colorsOf({ name, role, light = false }, index) {
  if (role) return ROLES[role][light ? 1 : 0];
  return RUNTIMES[name] ?? PALETTE[index % PALETTE.length];
}

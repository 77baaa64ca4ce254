// Tables for the terminal: a section of a report (title, note, columns, rows) as aligned text.

/** Renders a section. */
export function renderSection({ title, note, columns, rows }) {
  return ["", title, ...align([columns, ...rows]), ...note ? [note] : []].join("\n");
}

/** Lines of cells, the first column to the left and the others to the right. */
export function align(rows) {
  const widths = rows[0].map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  return rows.map((row) =>
    row.map((cell, column) => column === 0 ? cell.padEnd(widths[0]) : cell.padStart(widths[column])).join(
      "  ",
    ).trimEnd()
  );
}

export const thousands = (value) => Math.round(value).toLocaleString("en-US");

// Sections as Markdown. A section is { title, note, columns, rows, chart? }, its cells text that is fit to be read.

/** @param {(chart: object) => string} draw writes the section's chart, and returns its address */
export function renderSection(section, level, draw) {
  return [
    heading(section.title, level),
    table(section),
    ...section.note ? [section.note] : [],
    ...section.chart ? [picture(section.chart, draw)] : [],
  ].join("\n\n");
}

export function heading(title, level) {
  return `${"#".repeat(level)} ${title}`;
}

export function picture(chart, draw) {
  return `![${chart.title}](${draw(chart)})`;
}

/** A figure, perhaps a span of them, perhaps with a unit. */
const FIGURE =
  /^(?:-|INVALID|[+-]?[\d.,]+(?:\.\.[\d.,]+)?(?: ?(?:%|[a-zµ]+(?:\/[a-z]+)?))?(?: \([\d.,]+\))?)?$/i;

/** Columns of figures to the right, others to the left, padded as `deno fmt` pads them. */
export function table({ columns, rows }) {
  const cells = [columns, ...rows.map((row) => columns.map((_, i) => row[i] ?? ""))].map((row) =>
    row.map((cell) => String(cell).replaceAll("|", "\\|"))
  );
  const right = columns.map((_, i) => i > 0 && cells.slice(1).every((row) => FIGURE.test(row[i])));
  const widths = columns.map((_, i) => Math.max(MIN_WIDTH, ...cells.map((row) => width(row[i]))));
  const line = (row) =>
    `| ${
      row.map((cell, i) => {
        const space = " ".repeat(widths[i] - width(cell));
        return right[i] ? space + cell : cell + space;
      }).join(" | ")
    } |`;
  const rule = `| ${widths.map((n, i) => right[i] ? "-".repeat(n - 1) + ":" : "-".repeat(n)).join(" | ")} |`;
  return [line(cells[0]), rule, ...cells.slice(1).map(line)].join("\n");
}

/** Of a rule's cell. */
const MIN_WIDTH = 3;
const width = (text) => [...text].length;

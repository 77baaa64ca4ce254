// Draws a chart of a section as SVG, always the same for the same data: bars lie, each with its value at its end, and
// several panels of them share a scale; lines have a point for each figure.
//
// A chart is { kind: "bar" | "line", title, xLabel, yLabel, categories, series: [{ name, data }] }. For bars `xLabel`
// is what the categories are and `yLabel` what is measured. Lines without categories have pairs as data. Besides:
// `file`, a name for it; `logX`, `logY`; `stack`, and `totals` as the labels of stacked bars; `panels`, each with a title and its own
// categories, series and totals; of a series `labels` for its bars, where a figure of three digits will not do, and
// `role` ("mooring", "peer", "limit") and `light`, which give it its colour.

import { init } from "echarts";
import { colorsOf, GRID, INK, PAPER, SOFT_INK } from "./colors.mjs";

/** Pixels. GitHub shows a page's pictures at up to about 880 wide. */
const WIDTH = 880;
const FONT = 12;
/** What a character of a label takes at most, on average; there is no font to measure with. */
const CHARACTER = 6.7;
/** Wide, for fonts that are wider than was guessed. */
const LEGEND_GAP = 26;
const TOP = 78;
const RIGHT = 56;
const AXIS_HEIGHT = 52;
const PANEL_TITLE_HEIGHT = 26;
const BAR_HEIGHT = 15;
const BAR_GAP = 7;
const LINES_HEIGHT = 300;
/** Ticks of an axis, at most. */
const TICKS = 7;
/** So that no bar ends where its panel does. */
const HEADROOM = 1.02;

/** @returns {string} the SVG */
export function renderChart(chart) {
  const { height, option } = chart.kind === "line" ? lines(chart) : bars(chart);
  const instance = init(null, null, { renderer: "svg", ssr: true, width: WIDTH, height });
  instance.setOption({
    animation: false,
    backgroundColor: PAPER,
    textStyle: { fontFamily: "system-ui, sans-serif", fontSize: FONT, color: INK },
    legend: {
      top: 40,
      left: 16,
      icon: "rect",
      itemWidth: 12,
      itemHeight: 12,
      itemGap: LEGEND_GAP,
      textStyle: { color: INK },
    },
    ...option,
  });
  const svg = instance.renderToSVGString();
  instance.dispose();
  return settle(svg);
}

/** What only a page with a mouse would use goes, and the names that count the charts drawn before this one. */
function settle(svg) {
  return svg.replace(/<style\b[\s\S]*?<\/style>\n?/g, "")
    .replace(/ (?:class|ecmeta_\w+|pointer-events)="[^"]*"/g, "")
    .replace(/\bzr\d+-/g, "zr-")
    .replace(/(\d\.\d{2})\d+/g, "$1") + "\n";
}

function title(text, others = []) {
  const main = { text, left: 12, top: 10, textStyle: { fontSize: 15, fontWeight: 600, color: INK } };
  return [main, ...others];
}

function bars(chart) {
  const panels = chart.panels ?? [{ ...chart, title: "" }];
  const left = 24 +
    CHARACTER * Math.max(...panels.flatMap(({ categories }) => categories.map((c) => c.length)));
  const values = panels.flatMap((panel) => extents(panel, chart.stack));
  const scale = chart.logY ? logScale(values) : linearScale(values);
  const option = { grid: [], xAxis: [], yAxis: [], series: [] };
  const headings = [];
  let top = TOP;
  panels.forEach((panel, index) => {
    if (panel.title) {
      headings.push({
        text: panel.title,
        left: 12,
        top,
        textStyle: { fontSize: 13, fontWeight: 600, color: INK },
      });
      top += PANEL_TITLE_HEIGHT;
    }
    const perCategory = chart.stack ? 1 : panel.series.length;
    const height = panel.categories.length * (perCategory * BAR_HEIGHT + BAR_GAP);
    const last = index === panels.length - 1;
    option.grid.push({ left, right: RIGHT, top, height });
    option.xAxis.push(valueAxis(scale, index, last ? chart.yLabel : ""));
    option.yAxis.push({
      type: "category",
      gridIndex: index,
      inverse: true,
      data: panel.categories,
      axisTick: { show: false },
      axisLine: { lineStyle: { color: SOFT_INK } },
      axisLabel: { color: INK, fontSize: FONT },
      ...last && chart.xLabel ? { name: chart.xLabel, nameLocation: "end" } : {},
    });
    option.series.push(...panel.series.map((series, i) => barSeries(chart, panel, series, i, index, scale)));
    top += height + (last ? AXIS_HEIGHT : 14);
  });
  return { height: top, option: { ...option, title: title(chart.title, headings) } };
}

function barSeries(chart, panel, series, i, index, scale) {
  const ends = !chart.stack || isLastOfBar(panel.series, i);
  return {
    type: "bar",
    name: series.name,
    xAxisIndex: index,
    yAxisIndex: index,
    silent: true,
    ...chart.stack ? { stack: `panel ${index}` } : {},
    barWidth: BAR_HEIGHT - 2,
    barGap: "15%",
    itemStyle: { color: colorsOf(series, i) },
    data: series.data.map((value) => value === null ? "-" : scale.to(value)),
    label: {
      show: ends,
      position: "right",
      distance: 5,
      color: INK,
      fontSize: FONT - 1,
      formatter: ({ dataIndex }) =>
        series.data[dataIndex] === null
          ? ""
          : (panel.totals ?? series.labels)?.[dataIndex] ?? figure(series.data[dataIndex]),
    },
  };
}

/** A stacked bar's label belongs to the last of its parts; parts of other bars are null there. */
function isLastOfBar(all, i) {
  return !all.slice(i + 1).some((later) =>
    later.data.some((value, at) => value !== null && all[i].data[at] !== null)
  );
}

/** The ends of all bars of a panel. */
function extents({ categories, series }, stack) {
  if (!stack) return series.flatMap(({ data }) => data).filter((value) => value !== null);
  return categories.map((_, at) => series.reduce((sum, { data }) => sum + (data[at] ?? 0), 0));
}

const same = (value) => value;

function linearScale(values) {
  const max = Math.max(...values, 0) * HEADROOM || 1;
  const interval = niceStep(max / TICKS);
  return { min: 0, max: Math.ceil(max / interval) * interval, interval, to: same, label: figure };
}

/** Bars of a logarithmic scale begin at 1, to the right or to the left. */
function logScale(values) {
  const doublings = Math.log2(Math.max(...values) / Math.min(...values, 1));
  const base = doublings > TICKS ? 10 : 2;
  const to = (value) => Math.log2(value) / Math.log2(base);
  return {
    min: Math.min(0, Math.floor(to(Math.min(...values)))),
    max: Math.max(1, Math.ceil(to(Math.max(...values)))),
    to,
    label: (exponent) => exponent < 0 ? `1/${figure(base ** -exponent)}` : figure(base ** exponent),
    interval: 1,
  };
}

function valueAxis({ min, max, label, interval }, gridIndex, name) {
  return {
    type: "value",
    gridIndex,
    min,
    max,
    interval,
    name,
    nameLocation: "middle",
    nameGap: 28,
    nameTextStyle: { color: INK },
    axisLabel: { show: name !== "", color: SOFT_INK, formatter: label },
    splitLine: { lineStyle: { color: GRID } },
  };
}

function lines(chart) {
  const axis = (label, log) => ({
    type: log ? "log" : "value",
    name: label,
    nameLocation: "middle",
    nameGap: 30,
    nameTextStyle: { color: INK },
    axisLine: { show: true, lineStyle: { color: SOFT_INK } },
    axisLabel: { color: SOFT_INK, formatter: figure },
    splitLine: { lineStyle: { color: GRID } },
  });
  const points = chart.categories
    ? chart.series.flatMap(({ data }) => data)
    : chart.series.flatMap(({ data }) => data.map(([, y]) => y));
  const widest = Math.max(...points.filter((y) => y !== null).map((y) => figure(y).length));
  const yAxis = axis(chart.yLabel, chart.logY);
  yAxis.nameGap = 14 + CHARACTER * widest;
  const xAxis = chart.categories
    ? {
      ...axis(chart.xLabel, false),
      type: "category",
      data: chart.categories,
      axisLabel: { color: SOFT_INK },
    }
    : axis(chart.xLabel, chart.logX);
  return {
    height: TOP + LINES_HEIGHT + AXIS_HEIGHT,
    option: {
      title: title(chart.title),
      grid: { left: 34 + CHARACTER * widest, right: RIGHT, top: TOP, height: LINES_HEIGHT },
      xAxis,
      yAxis,
      series: chart.series.map((series, i) => ({
        type: "line",
        name: series.name,
        silent: true,
        data: series.data,
        symbol: "circle",
        symbolSize: 6,
        lineStyle: { width: 2 },
        color: colorsOf(series, i),
        endLabel: {
          show: true,
          fontSize: FONT - 1,
          color: colorsOf(series, i),
          formatter: ({ value }) => figure(Array.isArray(value) ? value[1] : value),
        },
        labelLayout: { moveOverlap: "shiftY" },
      })),
    },
  };
}

/** The next of 1, 2, 2.5, 5 and 10 times a power of ten. */
function niceStep(least) {
  const power = 10 ** Math.floor(Math.log10(least));
  return [1, 2, 2.5, 5, 10].map((factor) => factor * power).find((step) => step >= least);
}

/** Three digits, or all of a whole number. */
function figure(value) {
  if (Math.abs(value) >= 1000) return Math.round(value).toLocaleString("en-US");
  return String(Number(value.toPrecision(3)));
}

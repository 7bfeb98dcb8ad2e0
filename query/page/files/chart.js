// The chosen metric over time, with the period before behind it: a drawing, arrow keys, and the same as a table.
import { h } from "./dom.js";
import * as format from "./format.js";
import { metricOf } from "./metrics.js";
import { about, makePanel } from "./panel.js";
import { before, intervalOf, todayIn } from "./periods.js";

const HEIGHT = 260;
const PADDING = 14;
const GAP = 14;
const dark = matchMedia("(prefers-color-scheme: dark)");

export function makeChart() {
  let drawing = null;
  let isTableOpen = false;
  const panel = makePanel({
    id: "series",
    title: "Over time",
    ask: (context) => ({
      report: "timeseries",
      parameters: { ...about(context), interval: intervalOf(context.days), compare: "previous" },
    }),
    draw: (answer, context) => {
      drawing?.end();
      drawing = makeDrawing(readSeries(answer, context));
      const table = h("details", { open: isTableOpen }, h("summary", { "data-key": "table" }, "Show as a table"));
      const fill = () => table.children.length === 1 && table.append(seriesTable(drawing.series));
      table.addEventListener("toggle", () => {
        isTableOpen = table.open;
        if (table.open) fill();
      });
      if (isTableOpen) fill();
      return [legend(drawing.series), drawing.element, table];
    },
  });
  dark.addEventListener("change", () => drawing?.draw());
  return panel;
}

function readSeries({ data, previous = [], meta }, { state, days, project }) {
  const metric = metricOf(state);
  const interval = intervalOf(days);
  const write = (value) => metric.write(value, project.currency);
  // What has not begun, or is not in the tables yet, is not zero.
  const end = meta.completeThrough === null ? Date.now() : Date.parse(meta.completeThrough);
  const today = todayIn(project.timezone, end);
  const hasBegun = ({ date }) => (interval === "hour" ? Date.parse(date) <= end : date <= today);
  const isKnown = (row) => hasBegun(row) || row[metric.id] > 0;
  return {
    metric,
    interval,
    write,
    isRunning: days.to >= today,
    span: format.days(days.from, days.to),
    spanBefore: before(days),
    now: data.map((row) => ({ date: row.date, value: isKnown(row) ? (row[metric.id] ?? null) : null })),
    then: data.map((_, place) => ({ date: previous[place]?.date, value: previous[place]?.[metric.id] ?? null })),
  };
}

function legend({ metric, isRunning, span, spanBefore }) {
  return h(
    "p",
    { class: "legend" },
    h("span", { class: "key now" }, `${metric.label}, ${span}`),
    h("span", { class: "key then" }, spanBefore[0].toUpperCase() + spanBefore.slice(1)),
    isRunning ? h("span", { class: "key running" }, "Not complete yet") : "",
  );
}

function seriesTable({ metric, interval, write, now, then, spanBefore }) {
  const rows = now.map(({ date, value }, place) =>
    h(
      "tr",
      {},
      h("th", { scope: "row" }, format.bucketName(date, interval)),
      h("td", {}, write(value)),
      h("td", {}, write(then[place].value)),
    ),
  );
  const columns = [interval[0].toUpperCase() + interval.slice(1), metric.label, spanBefore];
  const head = h("tr", {}, columns.map((column) => h("th", { scope: "col" }, column)));
  const table = h("table", { class: "plain" }, h("thead", {}, head), h("tbody", {}, rows));
  return h("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": `${metric.label} as a table` }, table);
}

function makeDrawing(series) {
  const tip = h("div", { class: "tip", hidden: true });
  const plot = h("div", { class: "plot" });
  const told = h("p", { class: "unseen", role: "status" });
  const element = h(
    "div",
    {
      class: "chart",
      tabindex: "0",
      role: "group",
      "data-key": "chart",
      "aria-label": `${series.metric.label} by ${series.interval}: a chart; the arrow keys read its points`,
      onkeydown: (event) => move(event),
      onblur: () => point(null),
    },
    plot,
    tip,
    told,
  );
  let chart = null;
  let place = null;

  function draw() {
    chart?.destroy();
    chart = new uPlot(optionsOf(series, plot.clientWidth || 600, tip), dataOf(series), plot);
  }

  function point(next) {
    place = next;
    if (chart === null) return;
    if (place === null) {
      chart.setCursor({ left: -10, top: -10 });
      return;
    }
    chart.setCursor({ left: chart.valToPos(place, "x"), top: chart.bbox.height / devicePixelRatio / 2 });
    told.textContent = describe(series, place).join(", ");
  }

  function move(event) {
    const last = series.now.length - 1;
    const steps = { ArrowLeft: (place ?? last + 1) - 1, ArrowRight: (place ?? -1) + 1, Home: 0, End: last };
    if (!(event.key in steps)) return;
    event.preventDefault();
    point(Math.min(Math.max(steps[event.key], 0), last));
  }

  const watcher = new ResizeObserver(() => {
    if (chart === null) draw();
    else if (plot.clientWidth && plot.clientWidth !== chart.width) chart.setSize({ width: plot.clientWidth, height: HEIGHT });
  });
  watcher.observe(plot);
  return { element, series, draw: () => chart && draw(), end: () => (watcher.disconnect(), chart?.destroy()) };
}

function describe({ metric, interval, write, now, then, spanBefore }, place) {
  const lines = [format.bucketName(now[place].date, interval), `${write(now[place].value)} ${metric.label.toLowerCase()}`];
  if (then[place].date) lines.push(`${write(then[place].value)} on ${format.bucketName(then[place].date, interval)}`);
  return lines;
}

// The way to a bucket that is not over is drawn apart, for it goes up still.
function dataOf({ now, then, isRunning }) {
  const values = now.map(({ value }) => value);
  const last = isRunning ? values.findLastIndex((value) => value !== null) : -1;
  const isApart = (place) => last > 0 && (place === last || place === last - 1);
  return [
    values.map((_, place) => place),
    then.map(({ value }) => value),
    values.map((value, place) => (last > 0 && place === last ? null : value)),
    values.map((value, place) => (isApart(place) ? value : null)),
  ];
}

function optionsOf(series, width, tip) {
  const style = getComputedStyle(document.documentElement);
  const colour = (name) => style.getPropertyValue(`--${name}`).trim();
  const font = `12px ${getComputedStyle(document.body).fontFamily}`;
  const last = series.now.length - 1;
  const axis = { stroke: colour("muted"), font, ticks: { show: false } };
  const hasFew = last < 45;
  return {
    width,
    height: HEIGHT,
    padding: [PADDING, PADDING, 0, 0],
    legend: { show: false },
    cursor: {
      y: false,
      drag: { x: false, y: false },
      points: { size: 10, width: 2, stroke: colour("surface"), fill: (_, place) => colour(place === 1 ? "previous" : "accent") },
    },
    scales: { x: { time: false, range: [-0.3, last + 0.3] }, y: { range: (_, low, high) => rangeOf(low, high) } },
    axes: [
      {
        ...axis,
        size: 30,
        grid: { show: false },
        space: 64,
        incrs: [1, 2, 3, 4, 6, 7, 12, 14, 26, 28, 52],
        values: (_, places) =>
          places.map((place) => (Number.isInteger(place) && series.now[place] ? format.bucket(series.now[place].date, series.interval) : "")),
      },
      {
        ...axis,
        grid: { stroke: colour("line"), width: 1 },
        size: 58,
        space: 44,
        values: (_, values) => values.map((value) => series.metric.axis(value)),
      },
    ],
    series: [
      {},
      { stroke: colour("previous"), width: 1.5, dash: [5, 4], points: { show: last === 0 } },
      {
        stroke: colour("accent"),
        fill: colour("accent-faint"),
        width: 2,
        points: { show: hasFew, size: 5, fill: colour("accent") },
      },
      { stroke: colour("accent"), width: 2, dash: [2, 3], points: { show: hasFew, size: 5, fill: colour("accent") } },
    ],
    hooks: { setCursor: [(chart) => showTip(chart, series, tip)] },
  };
}

function rangeOf(low, high) {
  return [Math.min(low ?? 0, 0), Math.max(high ?? 0, 0) * 1.08 || 1];
}

function showTip(chart, series, tip) {
  const { idx, left } = chart.cursor;
  const isShown = left >= 0 && idx !== null && idx !== undefined;
  tip.hidden = !isShown;
  if (!isShown) return;
  const [title, ...lines] = describe(series, idx);
  tip.replaceChildren(h("strong", {}, title), ...lines.map((line) => h("span", {}, line)));
  const x = chart.valToPos(idx, "x") + chart.over.offsetLeft;
  // Beside the point, on the side with more room, so that it does not cover it.
  const beside = x > chart.width / 2 ? x - tip.offsetWidth - GAP : x + GAP;
  tip.style.transform = `translate(${Math.round(Math.max(beside, 0))}px, ${PADDING}px)`;
}

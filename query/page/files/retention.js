// Who comes back: a cohort a row, a period a column, the share as a number and as a shade.
import { choice, h, unseen } from "./dom.js";
import * as format from "./format.js";
import { about, emptyNote, makePanel } from "./panel.js";
import { cohortsOf } from "./periods.js";

const PERIODS = { day: 14, week: 12, month: 12 };
// So much of the shade still lets the number be read.
const DEEPEST = 0.65;
const LABELS = [
  { id: "day", label: "Days" },
  { id: "week", label: "Weeks" },
  { id: "month", label: "Months" },
];

export function makeRetention(change) {
  const kindOf = ({ state, days }) => (state.cohorts in PERIODS ? state.cohorts : cohortsOf(days));
  return makePanel({
    id: "retention",
    title: "Who comes back",
    wide: true,
    controls: (context) => [choice("Length of a period", LABELS, kindOf(context), (id) => change({ cohorts: id }))],
    ask: (context) => {
      const period = kindOf(context);
      return { report: "retention", parameters: { ...about(context), period, periods: PERIODS[period] } };
    },
    draw: ({ data }, context) => {
      const kind = kindOf(context);
      if (!data.length) return [emptyNote("No visitor was first seen in this period.")];
      const columns = Math.max(...data.map((row) => row.retained.length));
      return [
        h(
          "p",
          { class: "legend" },
          `Of the people first seen in a ${kind}, the share that was seen again 1, 2, 3 … ${kind}s later.`,
          h("span", { class: "shades", "aria-hidden": "true" }, "0%", h("span", { class: "ramp" }), "100%"),
        ),
        h(
          "div",
          { class: "scroll", tabindex: "0", role: "region", "aria-label": "Retention by cohort", "data-key": "heat" },
          heatTable(data, columns, kind),
        ),
        columns === 1 ? emptyNote("None of them can have come back yet: choose days that begin earlier.") : "",
      ];
    },
  });
}

function heatTable(data, columns, kind) {
  const numbers = Array.from({ length: Math.max(columns - 1, 0) }, (_, place) => place + 1);
  const head = h(
    "tr",
    {},
    h("th", { scope: "col" }, { day: "First seen", week: "Week of", month: "Month" }[kind]),
    h("th", { scope: "col" }, "People"),
    numbers.map((number) => h("th", { scope: "col" }, unseen(`${kind} `), `+${number}`)),
  );
  const rows = data.map((row) =>
    h(
      "tr",
      {},
      h("th", { scope: "row" }, format.bucket(row.cohort, kind)),
      h("td", { class: "size" }, format.count(row.size)),
      numbers.map((number) => heatCell(row, number)),
    ),
  );
  return h("table", { class: columns > 3 ? "heat" : "heat few" }, h("thead", {}, head), h("tbody", {}, rows));
}

function heatCell(row, number) {
  if (number >= row.retained.length) return h("td", { class: "later" }, unseen("not yet"));
  const rate = row.retention_rate[number];
  const told = `${format.count(row.retained[number])} of ${format.count(row.size)}`;
  return h("td", { class: "cell", "--heat": `${(rate ?? 0) * DEEPEST}%`, title: told }, rate === null ? "–" : `${Math.round(rate)}%`);
}

// The numbers of the period, each beside that of the period before; choosing one draws its series.
import { h, unseen } from "./dom.js";
import { METRICS, compare, metricOf } from "./metrics.js";
import { about, makePanel } from "./panel.js";
import { before } from "./periods.js";

export function makeCards(change, onAnswer) {
  return makePanel({
    id: "cards",
    title: "Overview",
    wide: true,
    ask: (context) => ({ report: "metrics", parameters: { ...about(context), compare: "previous" } }),
    draw: ({ data, previous }, context) => [
      h(
        "ul",
        { class: "cards" },
        METRICS.filter((metric) => isShown(metric, data, context)).map((metric) => card(metric, data, previous, context, change)),
      ),
    ],
    onAnswer,
  });
}

// Amounts of several currencies do not add up, so without a currency there is no card of revenue.
function isShown(metric, data, { project }) {
  return metric.id !== "total_revenue" || project.currency !== "";
}

function card(metric, data, previous, { state, days, project }, change) {
  const now = data[metric.id];
  const then = previous?.[metric.id];
  const hadNone = previous === undefined || previous.total_events === 0;
  const { arrow, words, mood } = hadNone ? { arrow: "", words: `none in ${before(days)}`, mood: 0 } : compare(metric, now, then);
  const write = (value) => metric.write(value, project.currency);
  const isChosen = metricOf(state) === metric;
  return h(
    "li",
    {},
    h(
      "button",
      {
        type: "button",
        class: "card",
        "aria-pressed": String(isChosen),
        "data-key": metric.id,
        "data-value": String(now),
        title: `Draw ${metric.label.toLowerCase()} over time`,
        onclick: () => change({ metric: metric.id }),
      },
      h("span", { class: "label" }, metric.label),
      h("span", { class: "value" }, write(now)),
      h(
        "span",
        { class: "change" },
        words &&
          h(
            "span",
            { class: ["bad", "same", "good"][mood + 1] },
            arrow && h("span", { class: "arrow", "aria-hidden": "true" }, arrow),
            words,
          ),
        hadNone || then === null ? "" : h("span", { class: "then" }, `from ${write(then)}`),
        hadNone ? "" : unseen(` in ${before(days)}`),
      ),
    ),
  );
}

// How many get from step to step: of a funnel that is defined, or of two events chosen here.
import { h, select } from "./dom.js";
import * as format from "./format.js";
import { about, emptyNote, filtersOf, makePanel } from "./panel.js";

const OWN = "own";

// `sources` holds what other reports have told: the defined funnels, and the names of events.
export function makeFunnel(change, sources) {
  const chosen = ({ state }) => {
    if (state.funnel === OWN || !sources.funnels.length) return null;
    return sources.funnels.find((funnel) => funnel.funnel_id === state.funnel) ?? sources.funnels[0];
  };
  const steps = ({ state }) => {
    const names = sources.events.map((event) => event.name);
    const [first = names[0], second = names.find((name) => name !== first) ?? first] = state.steps;
    return first === undefined ? null : [first, second];
  };
  return makePanel({
    id: "funnel",
    title: "Funnel",
    controls: (context) => {
      const defined = chosen(context);
      const options = sources.funnels.map((funnel) => ({ id: funnel.funnel_id, label: funnel.name }));
      const asked = defined === null ? steps(context) : null;
      const pick = (place) => (name) => change({ funnel: OWN, steps: asked.map((step, at) => (at === place ? name : step)) });
      const names = [...new Set([...sources.events.map((event) => event.name), ...(asked ?? [])])].map((name) => ({ id: name, label: name }));
      return [
        options.length > 0 &&
          select("Funnel", [...options, { id: OWN, label: "Two events …" }], defined?.funnel_id ?? OWN, (id) => change({ funnel: id, steps: [] })),
        asked && select("First event", names, asked[0], pick(0)),
        asked && h("span", { "aria-hidden": "true" }, "→"),
        asked && select("Second event", names, asked[1], pick(1)),
      ];
    },
    ask: (context) => {
      const { days, state } = context;
      const defined = chosen(context);
      if (defined !== null) {
        const { startDate, endDate } = about(context);
        return { report: `funnels/${encodeURIComponent(defined.funnel_id)}`, parameters: { startDate, endDate } };
      }
      const names = steps(context);
      if (names === null) return null;
      const filters = JSON.parse(filtersOf(state).filters ?? "[]");
      return { report: "funnel", body: { steps: names.map((name) => ({ name })), filters, startDate: days.from, endDate: days.to } };
    },
    draw: ({ data }, context) => {
      if (data === null) return [emptyNote("A funnel needs events; there are none in this period.")];
      const defined = chosen(context);
      const notes = [
        defined !== null && context.state.filters.length > 0 && "The filters above do not apply to a defined funnel.",
        data.steps[0].count === 0 && "Nobody took the first step in this period.",
      ].filter(Boolean);
      return [h("ol", { class: "steps" }, data.steps.map((step, place) => stepRow(step, data.steps[place - 1]))), ...notes.map((note) => emptyNote(note))];
    },
  });
}

function stepRow(step, before) {
  const lost = before ? before.count - step.count : 0;
  const seconds = step.median_seconds_from_previous;
  return h(
    "li",
    { "--share": `${step.conversion_from_start ?? 0}%` },
    h(
      "div",
      { class: "line" },
      h("span", { class: "name" }, step.name),
      h("span", { class: "figures" }, h("strong", {}, format.count(step.count)), h("span", { class: "rate" }, format.percent(step.conversion_from_start))),
    ),
    h("div", { class: "track" }, h("div", { class: "fill" })),
    before
      ? h(
          "p",
          { class: "detail" },
          `${format.percent(step.conversion_from_previous)} of the step before; ${format.count(lost)} left`,
          seconds !== null && seconds !== undefined ? `; half took up to ${format.duration(seconds)}` : "",
        )
      : "",
  );
}

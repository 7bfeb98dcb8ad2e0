// What the page is about: the project, the days, how fresh the numbers are, and the filters.
import { h, select } from "./dom.js";
import * as format from "./format.js";
import { isOfAll } from "./panel.js";
import { PERIODS, before } from "./periods.js";

const OPERATORS = {
  is: "is",
  isNot: "is not",
  contains: "contains",
  doesNotContain: "does not contain",
  startsWith: "starts with",
  endsWith: "ends with",
  regex: "matches",
  gt: "is above",
  gte: "is at least",
  lt: "is below",
  lte: "is at most",
  isNull: "is empty",
  isNotNull: "is not empty",
};
const NAMES = { path: "page", name: "event", referrer_name: "source", referrer_type: "kind of source", entry_path: "entry page", exit_path: "exit page", os: "system" };

export function makeToolbar(change) {
  const heading = h("h1", {});
  const about = h("p", { class: "about" });
  const fresh = h("p", { class: "fresh", id: "fresh" });
  const picker = h("div", { class: "picker" });
  const chips = h("ul", { class: "chips", "aria-label": "Filters" });
  const element = h("div", { class: "toolbar" }, h("div", {}, heading, about, fresh), picker, chips);

  function update({ project, state, days }) {
    heading.textContent = project.name;
    document.title = `${project.name} · Event Lens`;
    about.textContent = `${format.days(days.from, days.to)} in ${project.timezone}, compared with ${before(days)}`;
    const focused = picker.contains(document.activeElement) ? document.activeElement.dataset.key : undefined;
    picker.replaceChildren(...pickerOf(state, days));
    if (focused) picker.querySelector(`[data-key="${CSS.escape(focused)}"]`)?.focus();
    chips.replaceChildren(...state.filters.map((filter) => chip(filter, state)));
    chips.hidden = state.filters.length === 0;
  }

  function pickerOf(state, days) {
    const choose = (id) => change(id === "custom" ? { period: id, ...days } : { period: id, from: "", to: "" });
    const parts = [select("Period", PERIODS, PERIODS.some(({ id }) => id === state.period) ? state.period : "30d", choose)];
    if (state.period !== "custom") return parts;
    const date = (name, label) =>
      h("input", {
        type: "date",
        "aria-label": label,
        "data-key": label,
        value: days[name],
        onchange: (event) => event.target.value && change(ordered({ ...days, [name]: event.target.value }, name)),
      });
    return [...parts, date("from", "First day"), h("span", { "aria-hidden": "true" }, "–"), date("to", "Last day")];
  }

  function chip(filter, state) {
    const said = describeFilter(filter);
    const remove = () => change({ filters: state.filters.filter((other) => other !== filter) }, `Removed the filter: ${said}`);
    const cross = h("span", { "aria-hidden": "true" }, "✕");
    return h("li", {}, h("button", { type: "button", class: "chip", "aria-label": `Remove the filter: ${said}`, onclick: remove }, said, cross));
  }

  function showFresh(meta) {
    const told = (meta.notes ?? []).filter(isOfAll);
    fresh.replaceChildren(...freshness(meta), ...told.map((note) => h("span", { class: "pending" }, note)));
  }

  return { element, update, showFresh };
}

export function describeFilter({ name, operator, value }) {
  const column = NAMES[name] ?? name.replace(/^properties\./, "").replaceAll("_", " ");
  const values = value.map((each) => (name === "country" ? format.country(each) : each)).join(" or ");
  return [column, OPERATORS[operator] ?? operator, values].filter(Boolean).join(" ");
}

// The other end moves along when the days would be in the wrong order.
function ordered({ from, to }, changed) {
  if (from <= to) return { from, to };
  return changed === "from" ? { from, to: from } : { from: to, to };
}

const SETTLED_MS = 60_000;

function freshness({ completeThrough, timezone, setAside, failedChecks = [] }) {
  if (completeThrough === null) return ["Nothing is built yet."];
  const time = h("time", { datetime: completeThrough }, format.instant(completeThrough, timezone));
  if (setAside) return ["Complete through ", time, `; builds leave this project out: ${setAside.reason}`];
  if (failedChecks.length) return ["Complete through ", time, `; checks failed: ${failedChecks.map(({ name }) => name).join(", ")}`];
  const isBehind = Date.now() - Date.parse(completeThrough) > SETTLED_MS;
  return ["Complete through ", time, isBehind ? "; what landed since waits for the next build" : ""];
}

// A panel asks one report and draws its answer. It keeps what it shows until the next answer is there.
import { askReport } from "./api.js";
import { h } from "./dom.js";
import { METRICS } from "./metrics.js";

// `ask(context)` is a question for `askReport`, or null when there is none; `draw(answer, context)` a list of nodes.
export function makePanel({ id, title, wide, controls = () => [], ask, draw, onAnswer = () => {} }) {
  const heading = h("h2", { id: `${id}-title`, tabindex: "-1" }, title);
  const head = h("div", { class: "controls" });
  const body = h("div", { class: "body" });
  const element = h(
    "section",
    { id, class: wide ? "panel wide" : "panel", "aria-labelledby": `${id}-title` },
    h("div", { class: "head" }, heading, head),
    body,
  );
  let asked = "";
  let answer = null;
  let running = null;

  function show(nodes) {
    const focused = element.contains(document.activeElement) ? document.activeElement.dataset.key : undefined;
    body.replaceChildren(...nodes);
    if (focused === undefined || element.contains(document.activeElement)) return;
    const same = element.querySelector(`[data-key="${CSS.escape(focused)}"]`);
    (same ?? heading).focus({ preventScroll: true });
  }

  function showAnswer(context) {
    show([...draw(answer, asAnswered(answer, context)), ...notesOf(answer)]);
  }

  function showError(error, context) {
    const again = h("button", { type: "button", onclick: () => update(context, { again: true }) }, "Try again");
    show([h("div", { class: "problem", role: "alert" }, h("p", {}, error.message), again)]);
  }

  async function update(context, { again = false } = {}) {
    const focused = head.contains(document.activeElement) ? document.activeElement.dataset.key : undefined;
    head.replaceChildren(...controls(context).filter(Boolean));
    if (focused !== undefined) head.querySelector(`[data-key="${CSS.escape(focused)}"]`)?.focus();
    const question = ask(context);
    const key = JSON.stringify([context.project.projectId, question]);
    if (key === asked && !again) {
      if (answer !== null) showAnswer(context);
      return;
    }
    running?.abort();
    const controller = (running = new AbortController());
    // What is asked again by itself neither dims what is shown nor draws the same anew.
    if (key !== asked) element.setAttribute("aria-busy", "true");
    const shown = key === asked ? dataOf(answer) : "";
    asked = key;
    try {
      const found = question === null ? { data: null } : await askReport(context.project.projectId, question, controller.signal);
      if (running !== controller) return;
      answer = found;
      onAnswer(answer, context);
      if (dataOf(answer) !== shown) showAnswer(context);
    } catch (error) {
      if (error.name === "AbortError") return;
      if (error.status === undefined) throw error;
      asked = "";
      answer = null;
      if (error.isSignedOut) context.signedOut(error);
      else showError(error, context);
    } finally {
      if (running === controller) element.removeAttribute("aria-busy");
    }
  }

  return { element, update };
}

function dataOf(answer) {
  return answer === null ? "" : JSON.stringify([answer.data, answer.previous, answer.meta?.notes, answer.meta?.approximate]);
}

// Numbers are written in the currency and the zone in which they were counted.
function asAnswered({ meta }, context) {
  if (!meta) return context;
  return { ...context, project: { ...context.project, timezone: meta.timezone, currency: meta.currency } };
}

// What the answer says of its own numbers: how they are counted, and which of them are estimates.
function notesOf({ meta: { notes = [], approximate = {} } = {} }) {
  const estimates = Object.entries(approximate).map(([name, percent]) => `${labelOf(name)}: about, ± ${percent}%.`);
  const all = [...notes.filter((note) => !isOfAll(note)), ...estimates];
  return all.length ? [h("ul", { class: "notes" }, all.map((note) => h("li", {}, note)))] : [];
}

// A setting that waits for a build concerns all panels, and the toolbar tells it once.
export function isOfAll(note) {
  return note.startsWith("A setting has changed: ") || note.startsWith("A build applies changed settings ");
}

function labelOf(name) {
  return METRICS.find(({ id }) => id === name)?.label ?? name.replaceAll("_", " ");
}

// The parameters of the period and the filters that most reports take.
export function about({ days, state }) {
  return { startDate: days.from, endDate: days.to, ...filtersOf(state) };
}

export function filtersOf(state) {
  if (!state.filters.length) return {};
  const written = state.filters.map(({ name, operator, value }) => (value.length ? { name, operator, value } : { name, operator }));
  return { filters: JSON.stringify(written) };
}

export function emptyNote(...text) {
  return h("p", { class: "empty" }, ...text);
}

// Where everything that was sent went: received = accepted + duplicate + bot + rejected.
import { h } from "./dom.js";
import * as format from "./format.js";
import { about, emptyNote, makePanel } from "./panel.js";

const CLASSES = [
  { id: "accepted", label: "Accepted", told: "counted in the numbers above" },
  { id: "duplicate", label: "Duplicates", told: "sent again; counted once" },
  { id: "bot", label: "Bots", told: "kept in raw, left out of the numbers" },
  { id: "rejected", label: "Rejected", told: "kept in quarantine with the reason" },
];

export function makeLedger() {
  return makePanel({
    id: "ledger",
    title: "Ledger",
    wide: true,
    ask: (context) => {
      const { startDate, endDate } = about(context);
      return { report: "ingest", parameters: { startDate, endDate, interval: "month" } };
    },
    draw: ({ data }, { state }) => {
      const sum = (name) => data.reduce((all, row) => all + row[name], 0);
      const received = sum("received");
      if (received === 0) return [emptyNote("Nothing was received on these days (by UTC). Events count here by when they came in, not by when they happened.")];
      const parts = CLASSES.map((kind) => ({ ...kind, value: sum(kind.id) }));
      return [
        h("p", { class: "told" }, h("strong", { "data-value": String(received) }, format.exactCount(received)), " events and operations received, by UTC day of receipt; each went to exactly one place."),
        h("div", { class: "stack", "aria-hidden": "true" }, parts.map((part) => h("span", { class: part.id, "--share": String(part.value) }))),
        h(
          "dl",
          { class: "parts" },
          parts.map((part) =>
            h(
              "div",
              {},
              h("dt", {}, h("span", { class: `swatch ${part.id}`, "aria-hidden": "true" }), part.label),
              h("dd", {}, h("strong", {}, format.exactCount(part.value)), h("span", { class: "rate" }, format.percent((100 * part.value) / received))),
              h("dd", { class: "detail" }, part.told),
            ),
          ),
        ),
        state.filters.length ? emptyNote("The filters above do not apply to the ledger.") : "",
      ];
    },
  });
}

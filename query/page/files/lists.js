// Ranked rows: pages, sources, devices, places, events. A row filters the whole page, and unfilters it.
import { isSameFilter } from "./address.js";
import { choice, h, unseen } from "./dom.js";
import * as format from "./format.js";
import { about, emptyNote, makePanel } from "./panel.js";

const FEW = 8;
const MOST = 100;

const is = (name, value) => (value === "" ? { name, operator: "isNull", value: [] } : { name, operator: "is", value: [value] });
const text = (value, without) => (value === "" ? without : value);

const sessionsBy = (id, label, column, without, name = (value) => value) => ({
  id,
  label,
  report: id,
  column: label.replace(/ies$/, "y").replace(/s$/, ""),
  measure: "sessions",
  measured: "Sessions",
  name: (row) => text(name(row[column]), without),
  filters: (row) => [is(column, row[column])],
});

const edge = (id, label, column) => ({
  ...sessionsBy(id, label, "path", "(no path)"),
  report: `pages/${id}`,
  column: "Page",
  filters: (row) => [is(column, row.path)],
});

const place = (id, label, without, name, detail = () => "") => ({
  ...sessionsBy(id, label, id, without, name),
  report: "geo",
  parameters: { by: id },
  detail,
});

const LISTS = [
  {
    id: "pages",
    title: "Pages",
    tabs: [
      {
        id: "top",
        label: "Viewed",
        report: "pages",
        column: "Page",
        measure: "views",
        measured: "Views",
        name: (row) => text(row.path, "(no path)"),
        filters: (row) => [is("path", row.path)],
      },
      edge("entry", "Entry", "entry_path"),
      edge("exit", "Exit", "exit_path"),
    ],
  },
  {
    id: "sources",
    title: "Sources",
    tabs: [
      {
        ...sessionsBy("referrers", "Referrers", "referrer_name", "Unknown"),
        column: "Source",
        name: (row) => (row.referrer_name === "" && row.referrer_type === "direct" ? "Direct" : text(row.referrer_name, "Unknown")),
        detail: (row) => (row.referrer_type === "direct" ? "no referrer" : row.referrer_type),
        filters: (row) => [is("referrer_name", row.referrer_name), is("referrer_type", row.referrer_type)],
      },
      {
        ...sessionsBy("utm", "Campaigns", "utm_campaign", "(no campaign)"),
        column: "Campaign",
        detail: (row) => [row.utm_source, row.utm_medium, row.utm_term, row.utm_content].filter(Boolean).join(" / "),
        filters: (row) => ["utm_campaign", "utm_source", "utm_medium"].filter((name) => row[name]).map((name) => is(name, row[name])),
        none: "No visit of this period came by a tagged link. Add ?utm_source=…&utm_medium=…&utm_campaign=… to links you share.",
      },
    ],
  },
  {
    id: "devices",
    title: "Devices",
    tabs: [
      sessionsBy("devices", "Devices", "device", "Unknown", (value) => value && value[0].toUpperCase() + value.slice(1)),
      sessionsBy("browsers", "Browsers", "browser", "Unknown"),
      sessionsBy("os", "Systems", "os", "Unknown"),
    ],
  },
  {
    id: "places",
    title: "Places",
    note: (rows) =>
      rows.every((row) => row.country === "") &&
      "Countries need a database: run eventlens geo install and start the collector again.",
    tabs: [
      place("country", "Countries", "Unknown", format.country),
      place("region", "Regions", "Unknown", (value) => value, (row) => format.country(row.country)),
      place("city", "Cities", "Unknown", (value) => value, (row) => [row.region, format.country(row.country)].filter(Boolean).join(", ")),
    ],
  },
  {
    id: "events",
    title: "Events",
    tabs: [
      {
        id: "events",
        label: "Events",
        report: "events",
        column: "Event",
        measure: "events",
        measured: "Events",
        name: (row) => row.name,
        filters: (row) => [is("name", row.name)],
      },
    ],
  },
];

export function makeLists(change, toggleFilters) {
  return LISTS.map((list) => {
    const tabOf = (state) => list.tabs.find((tab) => tab.id === state[list.id]) ?? list.tabs[0];
    let isWhole = false;
    const panel = makePanel({
      id: list.id,
      title: list.title,
      controls: ({ state }) => [
        list.tabs.length > 1 && choice(list.title, list.tabs, tabOf(state).id, (id) => change({ [list.id]: id === list.tabs[0].id ? "" : id })),
      ],
      ask: (context) => {
        const tab = tabOf(context.state);
        return { report: tab.report, parameters: { ...about(context), ...tab.parameters, limit: MOST } };
      },
      draw: ({ data }, context) => {
        const tab = tabOf(context.state);
        if (!data.length) return [emptyNote(tab.none ?? context.state.filters.length ? "Nothing in this period with these filters." : "Nothing in this period.")];
        const shown = isWhole ? data : data.slice(0, FEW);
        const note = list.note?.(data);
        const more = data.length > FEW && {
          label: isWhole ? "Show fewer" : `Show ${data.length === MOST ? `the first ${MOST}` : `all ${data.length}`}`,
          press: () => {
            isWhole = !isWhole;
            panel.update(context);
          },
        };
        return [
          rankedTable(tab, shown, data, context.state, toggleFilters),
          note ? emptyNote(note) : "",
          more ? h("button", { type: "button", class: "more", "data-key": "more", onclick: more.press }, more.label) : "",
        ];
      },
    });
    return panel;
  });
}

function rankedTable(tab, shown, all, state, toggleFilters) {
  const most = Math.max(...all.map((row) => row[tab.measure]), 1);
  const rows = shown.map((row) => {
    const filters = tab.filters(row);
    const isOn = filters.every((filter) => state.filters.some((other) => isSameFilter(filter, other)));
    const name = tab.name(row);
    const detail = tab.detail?.(row);
    const press = h(
      "button",
      {
        type: "button",
        class: "pick",
        "aria-pressed": String(isOn),
        "data-key": `row ${JSON.stringify(filters)}`,
        title: isOn ? "Remove this filter" : `Filter by ${name}`,
        onclick: () => toggleFilters(filters, isOn),
      },
      h("span", { class: "name" }, name),
      detail ? h("span", { class: "detail" }, detail) : "",
      unseen(isOn ? ", filtered by this" : ""),
    );
    return h(
      "tr",
      { "--share": `${(100 * row[tab.measure]) / most}%` },
      h("th", { scope: "row" }, press),
      h("td", {}, format.count(row[tab.measure])),
      h("td", { class: "second" }, format.count(row.unique_visitors)),
    );
  });
  const head = h(
    "tr",
    {},
    h("th", { scope: "col" }, tab.column),
    h("th", { scope: "col" }, tab.measured),
    h("th", { scope: "col", class: "second" }, "Visitors"),
  );
  return h("table", { class: "ranked" }, h("thead", {}, head), h("tbody", {}, rows));
}

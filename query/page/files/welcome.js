// What there is to do when there is nothing to show.
import { h } from "./dom.js";

const code = (text) => h("pre", { tabindex: "0", "aria-label": "Command" }, h("code", {}, text));

export function showNoProject(main) {
  main.replaceChildren(
    h(
      "div",
      { class: "welcome" },
      h("h1", {}, "There is no project yet"),
      h("p", {}, "Create one on the machine that runs Event Lens, then load this page again:"),
      code('eventlens project create "My site" --domain example.com --timezone Europe/Berlin'),
    ),
  );
}

// Shown above the panels while a project has no numbers in the period; `data` and `meta` are those of `metrics`.
export function emptyProject({ data, meta }, { project, state }) {
  if (data.total_events > 0 || state.filters.length > 0) return null;
  if (meta.completeThrough !== null) {
    return h(
      "div",
      { class: "welcome" },
      h("h2", {}, "Nothing happened in this period"),
      h("p", {}, "Choose a longer period. If nothing was sent yet, create a client that writes and send an event:"),
      ...firstEvent(project),
    );
  }
  return h(
    "div",
    { class: "welcome" },
    h("h2", {}, "No numbers yet"),
    h("p", {}, "Nothing is built. While all parts run, what landed is built within a minute or so; this builds it now:"),
    code("eventlens build"),
    h("p", {}, "If nothing was sent yet, create a client that writes and send an event:"),
    ...firstEvent(project),
  );
}

function firstEvent(project) {
  const event = '{"type":"track","payload":{"name":"screen_view","deviceId":"my-laptop","properties":{"__path":"https://example.com/"}}}';
  return [
    code(`eventlens client create --project ${project.projectId} --type write --origin https://example.com`),
    code(
      `curl ${location.protocol}//${location.hostname}:3002/track -H 'content-type: application/json' \\\n` +
        `  -H 'openpanel-client-id: CLIENT' -H 'openpanel-client-secret: SECRET' \\\n  -d '${event}'`,
    ),
  ];
}

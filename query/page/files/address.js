// What the page shows is its address: project, period, filters and choices, so that it can be kept and shared.

const CHOICES = ["metric", "pages", "sources", "devices", "places", "funnel", "cohorts"];

export function readAddress() {
  const query = new URLSearchParams(location.search);
  const state = {
    project: query.get("project") ?? "",
    period: query.get("period") ?? "30d",
    from: query.get("from") ?? "",
    to: query.get("to") ?? "",
    filters: query.getAll("filter").map(readFilter),
    steps: query.getAll("step"),
  };
  for (const name of CHOICES) state[name] = query.get(name) ?? "";
  return state;
}

export function writeAddress(state, { replace = false } = {}) {
  const query = new URLSearchParams();
  if (state.project) query.set("project", state.project);
  query.set("period", state.period);
  if (state.period === "custom") {
    query.set("from", state.from);
    query.set("to", state.to);
  }
  for (const filter of state.filters) query.append("filter", writeFilter(filter));
  for (const name of CHOICES) if (state[name]) query.set(name, state[name]);
  for (const step of state.steps) query.append("step", step);
  const address = `${location.pathname}?${query}`;
  if (replace) history.replaceState(null, "", address);
  else history.pushState(null, "", address);
}

// `country:is:DE`, or `country:isNull` for those without one.
function writeFilter({ name, operator, value }) {
  return [name, operator, ...value].join(":");
}

function readFilter(text) {
  const [name, operator = "isNotNull", ...rest] = text.split(":");
  return { name, operator, value: rest.length ? [rest.join(":")] : [] };
}

export function isSameFilter(one, other) {
  return writeFilter(one) === writeFilter(other);
}

// Takes the token of a sign-in address out of it, so that it is neither kept in the history nor sent anywhere else.
export function takeToken() {
  const token = new URLSearchParams(location.hash.slice(1)).get("token");
  if (token !== null) history.replaceState(null, "", location.pathname + location.search);
  return token;
}

// Speaks with the query service. Addresses are relative, so that a base path in front of the page works.

export class ApiError extends Error {
  constructor(status, code, message) {
    super(message);
    this.status = status;
    this.code = code;
  }

  get isSignedOut() {
    return this.status === 401;
  }
}

async function send(method, path, body, signal) {
  const headers = { "event-lens-page": "1" };
  if (body !== undefined) headers["content-type"] = "application/json";
  let response;
  try {
    // A kept answer would say how fresh it was, not how fresh it is.
    const cache = "no-store";
    response = await fetch(path, { method, headers, signal, cache, body: body === undefined ? undefined : JSON.stringify(body) });
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new ApiError(0, "unreachable", "The query service does not answer. Is it still running?");
  }
  if (response.status === 204) return null;
  const answer = await response.json().catch(() => null);
  if (response.ok && answer !== null) return answer;
  const { code = "unknown", message = `The query service answered ${response.status}.` } = answer?.error ?? {};
  throw new ApiError(response.status, code, message);
}

export function readSession() {
  return send("GET", "session").then((answer) => answer.session);
}

export function signIn(credentials) {
  return send("POST", "session", credentials).then((answer) => answer.session);
}

export function signOut() {
  return send("DELETE", "session");
}

// The answer of a report: { data, meta, previous? }. `body` makes it a POST.
export function askReport(project, { report, parameters = {}, body }, signal) {
  const given = Object.entries(parameters).filter(([, value]) => value !== undefined && value !== "");
  const query = new URLSearchParams(given).toString();
  const path = `insights/${encodeURIComponent(project)}/${report}${query && `?${query}`}`;
  return send(body === undefined ? "GET" : "POST", path, body, signal);
}

// Which days are asked about. The page names both dates, so that what it says and what it asks are one.

export const PERIODS = [
  { id: "today", label: "Today" },
  { id: "yesterday", label: "Yesterday" },
  { id: "7d", label: "Last 7 days" },
  { id: "30d", label: "Last 30 days" },
  { id: "90d", label: "Last 90 days" },
  { id: "12m", label: "Last 12 months" },
  { id: "month", label: "This month" },
  { id: "lastMonth", label: "Last month" },
  { id: "year", label: "This year" },
  { id: "custom", label: "Choose days …" },
];

// The first and last date of the state's period in the project's zone, both inclusive.
export function daysOf(state, zone) {
  const today = todayIn(zone);
  const month = `${today.slice(0, 7)}-01`;
  switch (state.period) {
    case "today":
      return { from: today, to: today };
    case "yesterday":
      return { from: later(today, -1), to: later(today, -1) };
    case "7d":
      return { from: later(today, -6), to: today };
    case "90d":
      return { from: later(today, -89), to: today };
    case "12m":
      return { from: yearBefore(later(today, 1)), to: today };
    case "month":
      return { from: month, to: today };
    case "lastMonth": {
      const last = later(month, -1);
      return { from: `${last.slice(0, 7)}-01`, to: last };
    }
    case "year":
      return { from: `${today.slice(0, 4)}-01-01`, to: today };
    case "custom":
      if (isDate(state.from) && isDate(state.to)) return { from: state.from, to: state.to };
  }
  return { from: later(today, -29), to: today };
}

export function todayIn(zone, now = Date.now()) {
  return new Intl.DateTimeFormat("en-CA", { timeZone: zone, dateStyle: "short" }).format(now);
}

export function dayCount({ from, to }) {
  return Math.round((Date.parse(to) - Date.parse(from)) / 86_400_000) + 1;
}

export function intervalOf(days) {
  const length = dayCount(days);
  if (length <= 2) return "hour";
  if (length <= 100) return "day";
  return length <= 400 ? "week" : "month";
}

export function cohortsOf(days) {
  const length = dayCount(days);
  if (length <= 14) return "day";
  return length <= 180 ? "week" : "month";
}

export function before(days) {
  const length = dayCount(days);
  return length === 1 ? "the day before" : `the ${length} days before`;
}

function later(date, count) {
  return new Date(Date.parse(date) + count * 86_400_000).toISOString().slice(0, 10);
}

function yearBefore(date) {
  const [year, month, day] = date.split("-").map(Number);
  const last = new Date(Date.UTC(year - 1, month, 0)).getUTCDate();
  return new Date(Date.UTC(year - 1, month - 1, Math.min(day, last))).toISOString().slice(0, 10);
}

function isDate(text) {
  return /^\d{4}-\d\d-\d\d$/.test(text) && !Number.isNaN(Date.parse(text));
}

// Numbers, durations, money and dates as people read them.

const LANGUAGE = "en-GB";
const NOTHING = "–";
const whole = new Intl.NumberFormat(LANGUAGE, { maximumFractionDigits: 0 });
const short = new Intl.NumberFormat(LANGUAGE, { notation: "compact", maximumFractionDigits: 1 });
const long = new Intl.NumberFormat(LANGUAGE, { notation: "compact", minimumFractionDigits: 2, maximumFractionDigits: 2 });
const onePlace = new Intl.NumberFormat(LANGUAGE, { minimumFractionDigits: 1, maximumFractionDigits: 1 });
const twoPlaces = new Intl.NumberFormat(LANGUAGE, { minimumFractionDigits: 2, maximumFractionDigits: 2 });
const countries = new Intl.DisplayNames(LANGUAGE, { type: "region", fallback: "code" });

export function count(value) {
  if (value === null || value === undefined) return NOTHING;
  return value < 1_000_000 ? whole.format(value) : long.format(value);
}

export function exactCount(value) {
  return value === null || value === undefined ? NOTHING : whole.format(value);
}

export function shortCount(value) {
  return short.format(value);
}

export function decimal(value) {
  return value === null || value === undefined ? NOTHING : onePlace.format(value);
}

export function hundredths(value) {
  return value === null || value === undefined ? NOTHING : twoPlaces.format(value);
}

export function percent(value) {
  return value === null || value === undefined ? NOTHING : `${onePlace.format(value)}%`;
}

export function duration(seconds) {
  if (seconds === null || seconds === undefined) return NOTHING;
  const all = Math.round(seconds);
  if (all < 60) return `${all} s`;
  if (all < 3600) return `${Math.floor(all / 60)} min ${all % 60} s`;
  if (all < 86_400) return `${Math.floor(all / 3600)} h ${Math.floor((all % 3600) / 60)} min`;
  return `${Math.floor(all / 86_400)} d ${Math.floor((all % 86_400) / 3600)} h`;
}

export function money(value, currency) {
  if (value === null || value === undefined) return NOTHING;
  if (!currency) return decimal(value);
  const options = { style: "currency", currency, currencyDisplay: "narrowSymbol" };
  if (Math.abs(value) >= 100_000) Object.assign(options, { notation: "compact", maximumFractionDigits: 1 });
  try {
    return new Intl.NumberFormat(LANGUAGE, options).format(value);
  } catch {
    return `${decimal(value)} ${currency}`;
  }
}

export function country(code) {
  return /^[A-Z]{2}$/.test(code) ? countries.of(code) : code;
}

// A date such as 2026-01-31, which has no zone of its own.
export function day(date, { year = false } = {}) {
  const options = { day: "numeric", month: "short", timeZone: "UTC", ...(year && { year: "numeric" }) };
  return new Intl.DateTimeFormat(LANGUAGE, options).format(new Date(`${date.slice(0, 10)}T00:00:00Z`));
}

export function days(from, to) {
  if (from === to) return day(from, { year: true });
  return `${day(from, { year: from.slice(0, 4) !== to.slice(0, 4) })} – ${day(to, { year: true })}`;
}

// The beginning of a bucket of a series.
export function bucket(date, interval) {
  if (interval === "hour") return date.slice(11, 16);
  if (interval === "month") {
    const options = { month: "short", year: "numeric", timeZone: "UTC" };
    return new Intl.DateTimeFormat(LANGUAGE, options).format(new Date(`${date}T00:00:00Z`));
  }
  return day(date);
}

export function bucketName(date, interval) {
  if (interval === "hour") return `${day(date)}, ${date.slice(11, 16)}`;
  if (interval === "week") return `Week of ${day(date, { year: true })}`;
  if (interval === "month") return bucket(date, interval);
  const options = { weekday: "short", day: "numeric", month: "short", year: "numeric", timeZone: "UTC" };
  return new Intl.DateTimeFormat(LANGUAGE, options).format(new Date(`${date}T00:00:00Z`));
}

export function instant(text, zone) {
  const options = { day: "numeric", month: "short", hour: "2-digit", minute: "2-digit", timeZone: zone };
  return new Intl.DateTimeFormat(LANGUAGE, options).format(new Date(text));
}

export function plural(number, one, many) {
  return `${exactCount(number)} ${number === 1 ? one : many}`;
}

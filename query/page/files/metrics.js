// The metrics that have a card, and how each is written and compared.
import * as format from "./format.js";

export const METRICS = [
  { id: "unique_visitors", label: "Visitors", write: format.count, axis: format.shortCount, good: "up" },
  { id: "total_sessions", label: "Sessions", write: format.count, axis: format.shortCount, good: "up" },
  { id: "total_screen_views", label: "Page views", write: format.count, axis: format.shortCount, good: "up" },
  { id: "views_per_session", label: "Views per session", write: format.hundredths, axis: format.decimal, good: "up" },
  { id: "avg_session_duration", label: "Session duration", write: format.duration, axis: format.duration, good: "up" },
  { id: "bounce_rate", label: "Bounce rate", write: format.percent, axis: (value) => `${value}%`, good: "down", inPoints: true },
  { id: "total_events", label: "Events", write: format.count, axis: format.shortCount, good: "up" },
  { id: "total_revenue", label: "Revenue", write: format.money, axis: format.shortCount, good: "up" },
];

export function metricOf(state) {
  return METRICS.find((metric) => metric.id === state.metric) ?? METRICS[0];
}

// How `now` compares with `then`: an arrow, words, and whether that is good (1), bad (-1) or neither (0).
export function compare(metric, now, then) {
  if (now === null || now === undefined || then === null || then === undefined) return { arrow: "", words: "", mood: 0 };
  if (then === 0 && !metric.inPoints) {
    return now === 0 ? { arrow: "=", words: "no change", mood: 0 } : { arrow: "", words: "none before", mood: 0 };
  }
  const change = metric.inPoints ? now - then : ((now - then) / Math.abs(then)) * 100;
  const size = format.decimal(Math.abs(change));
  if (size === "0.0") return { arrow: "=", words: "no change", mood: 0 };
  const direction = change > 0 ? "up" : "down";
  return {
    arrow: change > 0 ? "▲" : "▼",
    words: `${direction} ${size}${metric.inPoints ? " points" : "%"}`,
    mood: direction === metric.good ? 1 : -1,
  };
}

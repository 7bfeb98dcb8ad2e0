// Who is here now: asked again every few seconds while the page is looked at.
import { h } from "./dom.js";
import * as format from "./format.js";
import { emptyNote, makePanel } from "./panel.js";

const MOST_PAGES = 6;

export function makeLive() {
  return makePanel({
    id: "live",
    title: "Right now",
    ask: () => ({ report: "live" }),
    draw: ({ data }) => [
      h(
        "p",
        { class: "now" },
        h("span", { class: data.visitors ? "dot" : "dot off", "aria-hidden": "true" }),
        h("strong", { "data-value": String(data.visitors) }, format.count(data.visitors)),
        ` ${data.visitors === 1 ? "visitor" : "visitors"} in the last 5 minutes`,
      ),
      data.pages.length
        ? h(
            "ul",
            { class: "here" },
            data.pages
              .slice(0, MOST_PAGES)
              .map((page) => h("li", {}, h("span", { class: "name" }, page.path || "(no path)"), h("span", {}, format.count(page.visitors)))),
          )
        : emptyNote("Who looks at a page appears here at once. The other numbers follow with the next build."),
    ],
  });
}

// The bar at the top: whose numbers these are, and signing out.
import { signOut } from "./api.js";
import { h, select } from "./dom.js";

export function drawBar(bar, { projects = [], project = null, change, signedOut }) {
  const parts = [h("span", { class: "brand" }, h("img", { src: "page/icon.svg", alt: "", width: "22", height: "22" }), "Event Lens")];
  if (projects.length > 1) {
    const options = projects.map(({ projectId, name }) => ({ id: projectId, label: name }));
    parts.push(select("Project", options, project.projectId, (id) => change({ project: id, filters: [], funnel: "", steps: [] })));
  }
  if (signedOut) {
    const leave = async () => {
      await signOut();
      signedOut();
    };
    parts.push(h("button", { type: "button", class: "quiet", onclick: leave }, "Sign out"));
  }
  bar.replaceChildren(...parts);
}

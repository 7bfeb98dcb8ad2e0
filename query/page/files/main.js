// Starts the page: signs in, reads the address, asks for every panel, and again whenever the address changes.
import { isSameFilter, readAddress, takeToken, writeAddress } from "./address.js";
import { askReport, readSession, signIn } from "./api.js";
import { drawBar } from "./bar.js";
import { makeCards } from "./cards.js";
import { makeChart } from "./chart.js";
import { h, say } from "./dom.js";
import { makeFunnel } from "./funnel.js";
import { makeLedger } from "./ledger.js";
import { makeLists } from "./lists.js";
import { makeLive } from "./live.js";
import { daysOf } from "./periods.js";
import { makeRetention } from "./retention.js";
import { showSignIn } from "./sign_in.js";
import { describeFilter, makeToolbar } from "./toolbar.js";
import { emptyProject, showNoProject } from "./welcome.js";

const LIVE_EVERY_MS = 10_000;
const AGAIN_EVERY_MS = 60_000;
const MOST_EVENTS = 100;

const main = document.getElementById("main");
const bar = document.getElementById("bar");
let stop = () => {};

start();

async function start() {
  const token = takeToken();
  drawBar(bar, {});
  try {
    const session = token === null ? await readSession() : await signIn({ token });
    if (session === null) askToSignIn();
    else open(session);
  } catch (error) {
    if (error.status === undefined) throw error;
    // An address that was used is of no matter to who is signed in already.
    const session = await readSession().catch(() => null);
    if (session !== null) open(session);
    else askToSignIn(error.message);
  }
}

function askToSignIn(reason = "") {
  stop();
  document.title = "Sign in · Event Lens";
  drawBar(bar, {});
  showSignIn(main, { reason, opened: open });
}

function open({ projects }) {
  stop();
  if (!projects.length) {
    drawBar(bar, { signedOut: askToSignIn });
    showNoProject(main);
    return;
  }
  stop = showProjects(projects);
}

// Draws the page of the address until the function that it returns is called.
function showProjects(projects) {
  const sources = { funnels: [], events: [] };
  const toolbar = makeToolbar(change);
  const welcome = h("div", { class: "wide" });
  const cards = makeCards(change, (answer, context) => {
    toolbar.showFresh(answer.meta);
    const empty = emptyProject(answer, context);
    welcome.replaceChildren(...(empty ? [empty] : []));
  });
  const live = makeLive();
  const funnel = makeFunnel(change, sources);
  const [pages, origins, devices, places, events] = makeLists(change, toggleFilters);
  const retention = makeRetention(change);
  const ledger = makeLedger();
  const panels = [cards, makeChart(), live, pages, origins, devices, places, events, funnel, retention, ledger];
  main.replaceChildren(toolbar.element, h("div", { class: "grid" }, welcome, panels.map((panel) => panel.element)));

  function contextOf() {
    const state = readAddress();
    const project = projects.find(({ projectId }) => projectId === state.project) ?? projects[0];
    return { state, project, days: daysOf(state, project.timezone), signedOut: (error) => askToSignIn(error.message) };
  }

  function update({ again = false } = {}) {
    const context = contextOf();
    drawBar(bar, { projects, project: context.project, change, signedOut: askToSignIn });
    toolbar.update(context);
    for (const panel of panels) if (panel !== funnel) panel.update(context, { again });
    updateFunnel(context, again);
  }

  // A funnel is chosen from what is defined and what happened, so these are asked first.
  let asked = "";
  async function updateFunnel(context, again) {
    const { projectId } = context.project;
    const key = `${projectId} ${context.days.from} ${context.days.to}`;
    if (key !== asked) {
      const dates = { startDate: context.days.from, endDate: context.days.to };
      const askFor = (question) => askReport(projectId, question).then(({ data }) => data, () => []);
      const [defined, happened] = await Promise.all([
        askFor({ report: "funnels" }),
        askFor({ report: "events", parameters: { ...dates, limit: MOST_EVENTS } }),
      ]);
      asked = key;
      Object.assign(sources, { funnels: defined, events: happened });
    }
    funnel.update(contextOf(), { again });
  }

  function change(changes, told = "") {
    // The days are those of the project's zone, which a build can have changed.
  async function askAgain() {
    const session = await readSession().catch(() => null);
    if (session?.projects.length) projects = session.projects;
    update({ again: true });
  }

  writeAddress({ ...readAddress(), project: contextOf().project.projectId, ...changes });
    if (told) say(told);
    update();
  }

  function toggleFilters(filters, areOn) {
    const { state } = contextOf();
    const others = state.filters.filter((filter) => !filters.some((each) => isSameFilter(each, filter)));
    const said = filters.map(describeFilter).join(", ");
    change({ filters: areOn ? others : [...others, ...filters] }, `${areOn ? "Removed the filter" : "Filtered"}: ${said}`);
  }

  writeAddress({ ...readAddress(), project: contextOf().project.projectId }, { replace: true });
  const goBack = () => update();
  const isSeen = () => document.visibilityState === "visible";
  const timers = [
    setInterval(() => isSeen() && live.update(contextOf(), { again: true }), LIVE_EVERY_MS),
    setInterval(() => isSeen() && askAgain(), AGAIN_EVERY_MS),
  ];
  addEventListener("popstate", goBack);
  update();
  return () => {
    removeEventListener("popstate", goBack);
    timers.forEach(clearInterval);
  };
}

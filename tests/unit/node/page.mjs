// The page in a real Chromium: one walk through it that remembers what a person would see.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { chromium } from "playwright-core";

const FLAGS = ["--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking", "--disable-component-update"];
const AXE = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

export async function walk({ executable, ...options }) {
  const browser = await chromium.launch({ executablePath: executable, args: FLAGS });
  try {
    const seen = {};
    for (const [name, step] of Object.entries(STEPS)) seen[name] = await step(browser, options);
    return seen;
  } finally {
    await browser.close();
  }
}

const STEPS = {
  // A person opens the address that the command line printed, looks, changes the days, filters, and goes back.
  async signedIn(browser, { base, tokens, query }) {
    const tab = await open(browser, `${base}/?${query}#token=${tokens.all}`);
    const found = { first: await look(tab.page), cookies: await tab.page.context().cookies() };
    await tab.page.click('#cards button[data-key="total_sessions"]');
    found.metric = await look(tab.page);
    await tab.page.fill('input[aria-label="First day"]', "2026-01-19");
    await tab.page.locator('input[aria-label="First day"]').blur();
    found.shorter = await look(tab.page);
    await tab.page.click("#devices .choice button:text-is('Browsers')");
    await settled(tab.page);
    await tab.page.click("#devices .pick:has-text('Firefox')");
    found.filtered = await look(tab.page);
    await tab.page.reload();
    found.reloaded = await look(tab.page);
    await tab.page.click(".chip");
    found.unfiltered = await look(tab.page);
    await tab.page.goBack();
    found.back = await look(tab.page);
    await tab.page.selectOption("#funnel select[aria-label=Funnel]", "own");
    await settled(tab.page);
    await tab.page.selectOption("#funnel select[aria-label='First event']", "a");
    await settled(tab.page);
    await tab.page.selectOption("#funnel select[aria-label='Second event']", "b");
    found.ownFunnel = await look(tab.page);
    await tab.page.selectOption(".bar select", { label: "shop" });
    found.shop = await look(tab.page);
    await tab.page.selectOption(".bar select", { label: "empty" });
    await settled(tab.page);
    found.empty = await tab.page.textContent(".welcome");
    return { ...found, ...(await tab.close()) };
  },

  async keyboard(browser, { base, tokens, query }) {
    const tab = await open(browser, `${base}/?${query}#token=${tokens.keyboard}`);
    const order = [];
    for (let stop = 0; stop < 18; stop += 1) {
      await tab.page.keyboard.press("Tab");
      order.push(await tab.page.evaluate(() => document.activeElement.ariaLabel ?? document.activeElement.textContent));
    }
    await tab.page.focus(".chart");
    await tab.page.keyboard.press("End");
    const last = await tab.page.textContent(".chart [role=status]");
    await tab.page.keyboard.press("ArrowLeft");
    const before = await tab.page.textContent(".chart [role=status]");
    const tip = await tab.page.textContent(".tip");
    await tab.page.focus("#pages .pick");
    await tab.page.keyboard.press("Enter");
    await settled(tab.page);
    const focused = await tab.page.evaluate(() => document.activeElement.closest("section")?.id);
    const said = await tab.page.textContent("#said");
    await tab.page.focus("summary");
    await tab.page.keyboard.press("Enter");
    await tab.page.waitForSelector("#series tbody tr");
    const rows = await tab.page.locator("#series tbody tr").count();
    return { order, last, before, tip, focused, said, rows, ...(await tab.close()) };
  },

  async accessible(browser, { base, tokens, query }) {
    const found = {};
    for (const [name, context] of Object.entries({
      light: { colorScheme: "light" },
      phone: { colorScheme: "dark", reducedMotion: "reduce", viewport: { width: 390, height: 844 }, isMobile: true, hasTouch: true },
    })) {
      const tab = await open(browser, `${base}/?${query}#token=${tokens[name]}`, context);
      await tab.page.click("summary");
      found[name] = {
        faults: await faultsOf(tab.page),
        overflow: await tab.page.evaluate(() => document.documentElement.scrollWidth - innerWidth),
        moving: await tab.page.evaluate(() => document.getAnimations().length),
        background: await tab.page.evaluate(() => getComputedStyle(document.body).backgroundColor),
        ...(await tab.close()),
      };
    }
    return found;
  },

  // Somebody without an address signs in by a key, first a wrong one, behind a proxy that serves us under a path.
  async byKey(browser, { base, key, tokens, query }) {
    const tab = await open(browser, `${base}/api/v1/?${query}#token=${tokens.all}`, {}, { awaited: "form" });
    const used = await tab.page.textContent("#sign-in-problem");
    const faults = await faultsOf(tab.page);
    await tab.page.fill("input[name=clientId]", key.id);
    await tab.page.fill("input[name=clientSecret]", "wrong");
    await tab.page.keyboard.press("Enter");
    await tab.page.waitForFunction((before) => document.getElementById("sign-in-problem").textContent !== before, used);
    const wrong = await tab.page.textContent("#sign-in-problem");
    await tab.page.fill("input[name=clientSecret]", key.secret);
    await tab.page.keyboard.press("Enter");
    const inside = await look(tab.page);
    const pickers = await tab.page.locator(".bar select").count();
    await tab.page.click("text=Sign out");
    await tab.page.waitForSelector("form");
    await tab.page.reload();
    await tab.page.waitForSelector("form");
    return { used, faults, wrong, inside, pickers, ...(await tab.close()) };
  },

  // An answer with estimates, changed on its way: the numbers of so few events are exact.
  async estimated(browser, { base, tokens, query }) {
    const estimate = async (route) => {
      const response = await route.fetch();
      const answer = await response.json();
      await route.fulfill({ response, json: { ...answer, meta: { ...answer.meta, approximate: { unique_visitors: 1.0 } } } });
    };
    const tab = await open(browser, `${base}/?${query}#token=${tokens.estimated}`, {}, { prepare: (page) => page.route(/\/referrers\?/, estimate) });
    const { notes } = await look(tab.page);
    return { notes, faults: await faultsOf(tab.page), ...(await tab.close()) };
  },

  // Answers that still follow the settings of before, as while a change waits for its build.
  async pending(browser, { base, tokens, query }) {
    const note = "A setting has changed: currency (CHF to none). Numbers follow the old value until a build has finished.";
    const follow = async (route) => {
      const response = await route.fetch();
      const answer = await response.json();
      const meta = { ...answer.meta, currency: "CHF", notes: [note, ...(answer.meta.notes ?? [])], completeThrough: "2026-06-30T22:30:00.000Z", timezone: "Asia/Tokyo" };
      await route.fulfill({ response, json: { ...answer, meta } });
    };
    const tab = await open(browser, `${base}/?${query}#token=${tokens.pending}`, {}, { prepare: (page) => page.route(/\/(metrics|referrers)\?/, follow) });
    const { notes, written, fresh } = await look(tab.page);
    return { notes, written, fresh, faults: await faultsOf(tab.page), ...(await tab.close()) };
  },

  // One report fails for a while, then the session ends.
  async failing(browser, { base, tokens, query }) {
    const error = { error: { code: "query_busy", message: "Too many questions are being answered; ask again in a moment." } };
    const fail = (page) => page.route(/\/pages\?/, (route) => route.fulfill({ status: 503, json: error }));
    const tab = await open(browser, `${base}/?${query}#token=${tokens.failing}`, {}, { prepare: fail });
    const said = await tab.page.textContent("#pages [role=alert] p");
    const others = await tab.page.locator("#sources .pick").count();
    await tab.page.unroute(/\/pages\?/);
    await tab.page.click("#pages [role=alert] button");
    await settled(tab.page);
    const again = await tab.page.locator("#pages .pick").count();
    await tab.page.context().clearCookies();
    await tab.page.click("#pages .choice button:text-is('Exit')");
    await tab.page.waitForSelector("form");
    const ended = await tab.page.textContent("#sign-in-problem");
    return { said, others, again, ended };
  },
};

// A tab of its own session that remembers complaints, what the policy blocked, and requests to elsewhere.
async function open(browser, address, options = {}, { awaited = "#ledger .body > *", prepare = () => {} } = {}) {
  const context = await browser.newContext({ locale: "en-GB", timezoneId: "Asia/Tokyo", ...options });
  const page = await context.newPage();
  const complaints = [];
  const elsewhere = [];
  page.on("console", (message) => ["error", "warning"].includes(message.type()) && complaints.push(message.text()));
  page.on("pageerror", (error) => complaints.push(String(error)));
  page.on("request", (request) => !request.url().startsWith(new URL(address).origin) && elsewhere.push(request.url()));
  await page.addInitScript(() => addEventListener("securitypolicyviolation", (event) => console.error(`blocked: ${event.violatedDirective}`)));
  await prepare(page);
  await page.goto(address);
  await page.waitForSelector(awaited);
  if (awaited !== "form") await settled(page);
  const close = async () => {
    await context.close();
    return { complaints, elsewhere };
  };
  return { page, close };
}

// Waits until every panel shows an answer.
async function settled(page) {
  const isSettled = () => {
    const bodies = [...document.querySelectorAll(".panel .body")];
    return bodies.length > 0 && bodies.every((body) => body.children.length) && !document.querySelector("[aria-busy]");
  };
  // Twice, a moment apart: the funnel asks after others have answered.
  await page.waitForFunction(isSettled);
  await page.evaluate(() => new Promise((resume) => requestAnimationFrame(() => setTimeout(resume, 50))));
  await page.waitForFunction(isSettled);
}

async function look(page) {
  await page.waitForSelector("#ledger .body > *");
  await settled(page);
  return page.evaluate(() => {
    const all = (selector, read) => [...document.querySelectorAll(selector)].map(read);
    const text = (element) => element.textContent;
    const cells = (row) => [...row.children].map(text);
    return {
      url: location.href,
      cards: Object.fromEntries(all("#cards button", (card) => [card.dataset.key, JSON.parse(card.dataset.value)])),
      written: Object.fromEntries(all("#cards button", (card) => [card.dataset.key, card.querySelector(".value").textContent])),
      changes: Object.fromEntries(all("#cards button", (card) => [card.dataset.key, card.querySelector(".change").textContent])),
      legend: all("#series .legend .key", text),
      rows: Object.fromEntries(all(".panel .ranked", (table) => [table.closest("section").id, [...table.tBodies[0].rows].map(cells)])),
      live: JSON.parse(document.querySelector("#live strong").dataset.value),
      steps: all("#funnel .steps li", (step) => [step.querySelector(".name").textContent, step.querySelector("strong").textContent, step.querySelector(".rate").textContent]),
      heat: all("#retention tbody tr", cells),
      ledger: all("#ledger dl strong", text),
      notes: Object.fromEntries(all(".panel", (panel) => [panel.id, [...panel.querySelectorAll(".notes li")].map(text)])),
      fresh: document.getElementById("fresh").textContent,
      chips: all(".chip", (chip) => chip.firstChild.textContent),
      heading: document.querySelector("h1").textContent,
    };
  });
}

async function faultsOf(page) {
  await page.evaluate(AXE);
  const { violations } = await page.evaluate(() => axe.run({ resultTypes: ["violations"] }));
  return violations.map(({ id, nodes }) => `${id}: ${nodes.map((node) => node.html).join(" ").slice(0, 400)}`);
}

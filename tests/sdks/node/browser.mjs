import { chromium } from "playwright-core";

const FLAGS = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
  "--host-resolver-rules=MAP * 127.0.0.1",
];

async function inBrowser({ executable, userAgent }, visit) {
  const browser = await chromium.launch({ executablePath: executable, args: FLAGS });
  try {
    const context = await browser.newContext({ userAgent, locale: "ko-KR", screen: { width: 1440, height: 900 } });
    const page = await context.newPage();
    const problems = [];
    page.on("pageerror", (error) => problems.push(String(error)));
    page.on("console", (message) => message.type() === "error" && problems.push(message.text()));
    const found = await visit(page);
    return { ...found, problems, userAgent: await page.evaluate(() => navigator.userAgent) };
  } finally {
    await browser.close();
  }
}

const WITHIN_MILLISECONDS = 20_000;

// What does something and waits until the tap has passed `count` more sends on. The browser itself does not tell reliably
// of the requests of a page that is gone.
function sendsThrough(apiUrl) {
  let expected = 0;
  return async (count, act) => {
    expected += count;
    const result = await act();
    const deadline = Date.now() + WITHIN_MILLISECONDS;
    for (let heard = 0; heard < expected; ) {
      if (Date.now() > deadline) throw new Error(`${heard} of ${expected} sends came through`);
      await new Promise((resume) => setTimeout(resume, 10));
      heard = await (await fetch(`${apiUrl}/heard`)).json();
    }
    return result;
  };
}

// The id that a page's client took from an answer. The answer passes the tap before the page has read it, so this waits.
async function idOf(page, getter) {
  const found = await page.waitForFunction((name) => op[name](), getter, { timeout: WITHIN_MILLISECONDS });
  return found.jsonValue();
}

// A visitor comes from a search, looks around, puts something into the cart, logs in, buys and leaves by a link.
export async function wholeVisit({ shop, search, apiUrl, ...browser }) {
  return inBrowser(browser, async (page) => {
    const after = sendsThrough(apiUrl);
    await page.goto(search);
    await after(1, () => page.click("a"));
    await after(1, () => page.evaluate(() => history.pushState({}, "", "/pricing?ref=nav#plans")));
    await after(1, () => page.evaluate(() => history.replaceState({}, "", "/%EA%B0%80%EA%B2%A9")));
    await after(1, () => page.evaluate(() => history.back()));
    await after(1, () => page.click("button[data-track]"));
    await after(1, () => page.evaluate(() => op.identify({ profileId: "p-1", firstName: "Ada" })));
    await after(1, () => page.evaluate(() => op.increment({ profileId: "p-1", property: "visits" })));
    await after(1, () => page.evaluate(() => op.setGroup("team-1")));
    await after(1, () => page.evaluate(() => op.track("checkout", { items: 2 })));
    await after(1, () => page.evaluate(() => op.revenue(25, { __currency: "KRW" })));
    await page.evaluate(() => op.pendingRevenue(10.5, { order: 7 }));
    await after(1, () => page.reload());
    await after(1, () => page.evaluate(() => op.flushRevenue()));
    const ids = { device: await idOf(page, "getDeviceId"), session: await idOf(page, "getSessionId") };
    await after(1, () => page.click("a[href*=partner]"));
    await page.waitForURL(/partner/);
    return { ids, end: page.url() };
  });
}

export async function oneView({ shop, apiUrl, ...browser }) {
  return inBrowser(browser, async (page) => {
    await sendsThrough(apiUrl)(1, () => page.goto(shop));
    return {};
  });
}

export async function recorded({ shop, apiUrl, ...browser }) {
  return inBrowser(browser, async (page) => {
    await sendsThrough(apiUrl)(2, () => page.goto(`${shop}?record`));
    return {};
  });
}

export async function beacon({ shop, apiUrl, clientId, ...browser }) {
  return inBrowser(browser, async (page) => {
    await page.goto(`${shop}?silent`);
    const send = ([url, body]) => navigator.sendBeacon(url, body);
    const body = JSON.stringify({ clientId, type: "track", payload: { name: "left" } });
    await sendsThrough(apiUrl)(1, () => page.evaluate(send, [`${apiUrl}/track`, body]));
    return {};
  });
}

export async function oldFetchDeviceId({ shop, apiUrl, clientId, ...browser }) {
  return inBrowser(browser, async (page) => {
    await page.goto(`${shop}?silent`);
    return page.evaluate(async (options) => {
      const { OpenPanel } = await import("/modules/openpanel-sdk-1.0/dist/index.js");
      const op = new OpenPanel(options);
      return { fetched: await op.fetchDeviceId(), sent: await op.track("asked_first") };
    }, { apiUrl, clientId });
  });
}

// The collector's script by its tag alone, then with a lasting device, then after a page's own script.
export async function tagged({ shop, apiUrl, ...browser }) {
  return inBrowser(browser, async (page) => {
    const after = sendsThrough(apiUrl);
    const stored = () => page.evaluate(() => ({ ...localStorage }));
    const device = () => idOf(page, "getDeviceId");
    await after(2, () => page.goto(`${shop}tagged`)); // the script and the view
    await after(1, () => page.click("button[data-track]"));
    await after(1, () => page.evaluate(() => op("track", "checkout", { items: 2 })));
    const without = { stored: await stored(), device: await device() };
    await after(1, () => page.goto(`${shop}tagged?data-remember-device`)); // the script is in the cache
    const first = { stored: await stored(), device: await device() };
    await after(1, () => page.evaluate(() => op.identify({ profileId: "p-1", firstName: "Ada" })));
    await after(2, () => page.goto(`${shop}queued`));
    const second = { stored: await stored(), device: await device() };
    await page.evaluate(() => op("rememberDevice", false));
    await after(1, () => page.evaluate(() => op("track", "forgotten")));
    const left = await stored();
    // Of the page's answers any may be read last. On a new page all are of the device that the collector derives.
    await after(1, () => page.goto(`${shop}tagged?data-track-screen-views=false`).then(() => page.click("button")));
    const forgotten = { stored: left, device: await device() };
    return { without, first, second, forgotten };
  });
}

export async function twice({ shop, apiUrl, ...browser }) {
  return inBrowser(browser, async (page) => {
    const after = sendsThrough(apiUrl);
    await after(2, () => page.goto(`${shop}tagged`));
    await after(2, () =>
      page.evaluate(async (source) => {
        const again = Object.assign(document.createElement("script"), { src: `${source}/op1.js?again` });
        await new Promise((resume) => Object.assign(document.head.appendChild(again), { onload: resume }));
        op("track", "still_there");
      }, apiUrl));
    return {};
  });
}

// Dagster's page in a real Chromium, as a data team uses it.
import { chromium } from "playwright-core";

const FLAGS = ["--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking", "--disable-component-update"];
const WITHIN = { timeout: 90_000 };

async function inBrowser(executable, visit) {
  const browser = await chromium.launch({ executablePath: executable, args: FLAGS });
  try {
    return await visit(await (await browser.newContext({ viewport: { width: 1400, height: 800 } })).newPage());
  } finally {
    await browser.close();
  }
}

// The groups that the graph of all assets shows.
export async function groups({ executable, base, picture }) {
  return inBrowser(executable, async (page) => {
    await page.goto(`${base}/asset-groups`);
    await page.getByText("staging", { exact: true }).first().waitFor(WITHIN);
    if (picture) await page.screenshot({ path: picture });
    return (await page.evaluate(() => document.body.innerText)).split("\n");
  });
}

// Executes one check of a table and waits until the page says how it ended.
export async function check({ executable, base, table, name, ends, picture }) {
  return inBrowser(executable, async (page) => {
    await page.goto(`${base}/assets/${table}?view=checks&checkDetail=${name}`);
    await page.getByText("Execute", { exact: true }).click(WITHIN);
    await page.getByText(ends, { exact: true }).last().waitFor(WITHIN);
    if (picture) await page.screenshot({ path: picture });
    return await page.evaluate(() => document.body.innerText);
  });
}

// Selects some days of the job and launches one backfill of them.
export async function rebuild({ executable, base, days }) {
  return inBrowser(executable, async (page) => {
    await page.goto(`${base}/locations/orchestration.definitions/jobs/build_lens`);
    await page.getByText(/Materialize all/).first().click(WITHIN);
    await page.getByPlaceholder(/partitions|eg/).fill(days, WITHIN);
    await page.keyboard.press("Enter");
    await page.getByText("Launch backfill", { exact: true }).click(WITHIN);
    await page.getByText(/Created backfill/).waitFor(WITHIN);
    return true;
  });
}

// What analysts open, in a real Chromium: the warehouse's own page, JupyterLab, dbt's documentation.
import { chromium } from "playwright-core";

const FLAGS = ["--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking", "--disable-component-update"];
const WITHIN = { timeout: 60_000 };

async function inBrowser(executable, visit) {
  const browser = await chromium.launch({ executablePath: executable, args: FLAGS });
  try {
    const page = await (await browser.newContext({ viewport: { width: 1400, height: 900 } })).newPage();
    const elsewhere = [];
    page.on("request", ({ url }) => /^https?:\/\/(127\.0\.0\.1|localhost)[:/]/.test(url) || elsewhere.push(url));
    return await visit(page, elsewhere);
  } finally {
    await browser.close();
  }
}

// Asks statements on the page of the warehouse, and returns what it shows of each.
export async function play({ executable, base, statements, picture }) {
  return inBrowser(executable, async (page) => {
    const shown = [];
    for (const statement of statements) {
      await page.goto(`${base}/play?user=analyst`);
      await page.locator("#query").fill(statement);
      await page.locator("#run").click();
      const answer = page.locator("#data-table:has(td), #error").filter({ visible: true }).first();
      await answer.waitFor(WITHIN);
      if (picture) await page.screenshot({ path: `${picture}-${shown.length}.png` });
      shown.push(await answer.innerText());
    }
    return shown;
  });
}

// Runs all cells of the notebook that JupyterLab opens with, and returns what it drew and what failed.
export async function notebook({ executable, address, pictures, picture }) {
  return inBrowser(executable, async (page) => {
    await page.goto(address);
    await page.locator(".jp-Notebook .jp-CodeCell").first().waitFor(WITHIN);
    await page.getByRole("menuitem", { name: "Run", exact: true }).click();
    await page.getByRole("menuitem", { name: /^Run All Cells/ }).first().click();
    const drawn = page.locator(".jp-OutputArea-output svg, .jp-OutputArea-output img");
    const failed = page.locator('.jp-OutputArea-output[data-mime-type="application/vnd.jupyter.stderr"]');
    await drawn.nth(pictures - 1).or(failed.first()).first().waitFor(WITHIN);
    if (picture) {
      await drawn.first().scrollIntoViewIfNeeded();
      await page.screenshot({ path: picture });
    }
    return { drawn: await drawn.count(), failed: await failed.allInnerTexts() };
  });
}

// Opens a model in dbt's documentation and its lineage, and returns its text.
export async function lineage({ executable, base, model, picture }) {
  return inBrowser(executable, async (page) => {
    await page.goto(`${base}#!/model/model.event_lens.${model}`);
    await page.getByText("Description", { exact: true }).first().waitFor(WITHIN);
    const text = await page.evaluate(() => document.body.innerText);
    await page.locator(".launcher-container, .launcher").filter({ visible: true }).first().click();
    await page.waitForFunction(() => [...document.querySelectorAll("canvas")].some(({ width }) => width > 100), null, WITHIN);
    if (picture) await page.screenshot({ path: picture });
    return text;
  });
}

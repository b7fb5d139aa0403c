// The page of a mirror's past with something on it, in a site whose backend is a file that the test writes.
// @ts-check

import { mkdtemp, rename, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { AxeBuilder } from "@axe-core/playwright";
import { test as base, expect } from "@playwright/test";

import { startSite } from "../site.js";

/** Seconds since 1970. */
const now = Math.floor(Date.now() / 1000);

/**
 * One job as tunasync's manager tells it.
 * @param {string} status
 * @param {number} success Hours since the last good run.
 * @param {number} ended Hours since the last run.
 * @param {string} size
 */
const job = (status, success, ended, size) => ({
  name: "debian",
  status,
  last_update_ts: now - success * 3600,
  last_ended_ts: now - ended * 3600,
  size,
});

/** Answers of the backend, one after the other. */
const ANSWERS = [
  job("success", 200, 200, "1.0T"),
  job("success", 150, 150, "1.2T"),
  job("failed", 150, 100, "1.2T"),
  job("failed", 150, 50, "1.2T"),
  job("success", 1, 1, "1.4T"),
];

const test = base.extend({
  /** A site that has seen five runs. @type {any} */
  site: [
    async ({}, /** @type {(site: import("../site.js").Site) => Promise<void>} */ use) => {
      const folder = await mkdtemp(join(tmpdir(), "mingjing-history-"));
      const jobs = join(folder, "jobs.json");
      /** @param {unknown} answer */
      const say = async (answer) => {
        await writeFile(`${jobs}.new`, JSON.stringify([answer]));
        await rename(`${jobs}.new`, jobs);
      };
      await say(ANSWERS[0]);
      const config = join(folder, "site.toml");
      await writeFile(
        config,
        `[site]
base_url = "http://mirror.example"
name = { zh = "示例镜像站", en = "Example Mirror" }
[[backend]]
tunasync.url = "file://${jobs}"
tunasync.interval = "100ms"
`,
      );
      const site = await startSite(config);
      for (const [place, answer] of ANSWERS.entries()) {
        await say(answer);
        await expect
          .poll(async () => {
            const response = await fetch(`${site.url}/api/v1/mirrors/debian/history`);
            return response.ok && (await response.json()).figures.runs;
          })
          .toBe(place + 1);
      }
      await use(site);
      await site.stop();
      await rm(folder, { recursive: true, force: true });
    },
    { scope: "worker" },
  ],
  baseURL: async ({ site }, use) => use(site.url),
});

for (const [lang, prefix] of [["zh", ""], ["en", "/en"]]) {
  test(`a past in ${lang} is accessible, light and dark, and fits every width`, async ({ page, javaScriptEnabled }) => {
    for (const colorScheme of /** @type {const} */ (["light", "dark"])) {
      await page.emulateMedia({ colorScheme, reducedMotion: "reduce" });
      await page.goto(`${prefix}/status/debian`);
      await page.evaluate(() => document.querySelectorAll("details").forEach((d) => d.setAttribute("open", "")));
      if (javaScriptEnabled !== false) {
        const { violations } = await new AxeBuilder({ page })
          .withTags(["wcag2a", "wcag2aa", "wcag21aa", "best-practice"])
          .analyze();
        expect(violations.map(({ id, nodes }) => `${id} ${nodes[0]?.target}`), colorScheme).toEqual([]);
      }
    }
    for (const width of [320, 375, 768, 1280]) {
      await page.setViewportSize({ width, height: 800 });
      const [scroll, client] = await page.evaluate(() => [
        document.documentElement.scrollWidth,
        document.documentElement.clientWidth,
      ]);
      expect(scroll, `${width} px`).toBeLessThanOrEqual(client ?? 0);
    }
  });
}

test("charts have names, descriptions and shapes", async ({ page }) => {
  await page.goto("/en/status/debian");
  const runs = page.getByRole("img", { name: "Runs by day" });
  await expect(runs).toBeVisible();
  await expect(runs).toHaveAccessibleDescription(/3 good, 2 failed/);
  await expect(page.getByRole("img", { name: "Size of the mirror" })).toBeVisible();
  expect(await runs.locator("rect.good").count()).toBe(3);
  expect(await runs.locator("rect.bad").count()).toBe(2);
  const box = await runs.locator("rect.bad").first().boundingBox();
  const other = await runs.locator("rect.good").first().boundingBox();
  expect(box && other && box.y > other.y, "failed runs point down").toBe(true);
  await expect(page.getByText("60.0 % (3 of 5 runs)")).toBeVisible();
});

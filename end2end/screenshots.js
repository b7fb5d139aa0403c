// Pictures of every kind of page, to be looked at: `npm run screenshots` → screenshots/<page>-<lang>-<width>-<scheme>.png
// @ts-check

import { mkdir, rm } from "node:fs/promises";
import { fileURLToPath } from "node:url";

import { chromium } from "@playwright/test";

import { PAST_PAGES, startPastSite } from "./past.js";
import { CHROMIUM, LANGUAGES, PAGES, startSite } from "./site.js";

const FOLDER = fileURLToPath(new URL("screenshots/", import.meta.url));
const WIDTHS = [375, 768, 1280];
const SCHEMES = /** @type {const} */ (["light", "dark"]);

/** Only pages whose name begins with one of the arguments; all without arguments. */
const wanted = process.argv.slice(2);
/** @param {typeof PAGES} pages */
const chosen = (pages) =>
  Object.entries(pages).filter(([name]) => wanted.length === 0 || wanted.some((start) => name.startsWith(start)));
const sites = [
  { start: startSite, pages: chosen(PAGES) },
  { start: startPastSite, pages: chosen(PAST_PAGES) },
];

if (wanted.length === 0) await rm(FOLDER, { recursive: true, force: true });
await mkdir(FOLDER, { recursive: true });
const browser = await chromium.launch(CHROMIUM);
let count = 0;
try {
  for (const { start, pages } of sites.filter(({ pages }) => pages.length > 0)) {
    const site = await start();
    try {
      for (const [lang, prefix] of Object.entries(LANGUAGES)) await takeAll(site.url, lang, prefix, pages);
    } finally {
      await site.stop();
    }
  }
} finally {
  await browser.close();
}
console.log(`${count} pictures in ${FOLDER}`);

/**
 * Every page of a site in one language, in all widths and schemes.
 * @param {string} url
 * @param {string} lang
 * @param {string} prefix
 * @param {[string, { path: string }][]} pages
 */
async function takeAll(url, lang, prefix, pages) {
  const context = await browser.newContext({ baseURL: url, locale: lang === "zh" ? "zh-CN" : "en" });
  const page = await context.newPage();
  for (const [name, { path }] of pages) {
    await page.goto(prefix + path);
    for (const width of WIDTHS) {
      await page.setViewportSize({ width, height: width < 700 ? 800 : 900 });
      for (const colorScheme of SCHEMES) {
        await page.emulateMedia({ colorScheme });
        const file = `${FOLDER}${name}-${lang}-${width}-${colorScheme}.png`;
        // The first screens say how a page looks; a list of 64 mirrors need not be seen to its end.
        const height = await page.evaluate(() => document.documentElement.scrollHeight);
        await page.screenshot({ path: file, fullPage: true, clip: { x: 0, y: 0, width, height: Math.min(height, 2400) } });
        count += 1;
      }
    }
  }
  await context.close();
}

// What holds of every page: accessible, within the screen, no dead link.
// @ts-check

import { AxeBuilder } from "@axe-core/playwright";

import { PAST_PAGES } from "../past.js";
import { LANGUAGES, PAGES } from "../site.js";
import { expect, pastTest, test as newTest } from "./fixtures.js";

/**
 * What axe finds, light and dark, with everything unfolded. Two rules depend on the colours.
 * @param {import("@playwright/test").Page} page
 */
async function barriers(page) {
  await page.evaluate(() => document.querySelectorAll("details").forEach((details) => (details.open = true)));
  await page.emulateMedia({ colorScheme: "light", reducedMotion: "reduce" });
  const light = await new AxeBuilder({ page }).withTags(["wcag2a", "wcag2aa", "wcag21aa", "best-practice"]).analyze();
  await page.emulateMedia({ colorScheme: "dark" });
  const dark = await new AxeBuilder({ page }).withRules(["color-contrast", "link-in-text-block"]).analyze();
  return [...light.violations, ...dark.violations].map(({ id, help, nodes }) => ({
    id,
    help,
    nodes: nodes.map((node) => `${node.target}: ${node.failureSummary}`).slice(0, 5),
  }));
}

/** What makes the page wider than the window. @param {import("@playwright/test").Page} page */
const wide = (page) =>
  page.evaluate(() => {
    const limit = document.documentElement.clientWidth;
    if (document.documentElement.scrollWidth <= limit) return [];
    const all = [...document.querySelectorAll("body *")];
    const right = (/** @type {Element} */ element) => element.getBoundingClientRect().right;
    const names = all.filter((element) => right(element) > limit + 1).map((e) => `${e.tagName}.${e.className} ${right(e)}`);
    return [`the page is ${document.documentElement.scrollWidth} wide`, ...names.slice(0, 8)];
  });

/** What is cut off or pushed out of the window. @param {import("@playwright/test").Page} page */
const lost = (page) =>
  page.evaluate(() => {
    const found = [];
    const { clientWidth, scrollWidth } = document.documentElement;
    if (scrollWidth > clientWidth) found.push(`the page is ${scrollWidth} wide in ${clientWidth}`);
    for (const element of document.querySelectorAll("body *")) {
      const style = getComputedStyle(element);
      if (!element.checkVisibility({ visibilityProperty: true }) || element.closest("svg, .visually-hidden")) continue;
      const name = `${element.tagName}.${element.className} ${element.textContent?.trim().slice(0, 40)}`;
      const clips = (/** @type {string} */ overflow) => overflow === "hidden" || overflow === "clip";
      const text = [...element.childNodes].some((node) => node.nodeType === 3 && node.textContent?.trim());
      if (text && clips(style.overflowX) && element.scrollWidth > element.clientWidth + 1) found.push(`${name} is cut at its side`);
      if (text && clips(style.overflowY) && element.scrollHeight > element.clientHeight + 1) found.push(`${name} is cut below`);
      if (!element.matches("a, button, input, select, summary")) continue;
      const { left, right, width } = element.getBoundingClientRect();
      const scroller = element.closest("pre, .scroll, [tabindex='0'], .favourites ul, nav ul");
      if (width > 0 && !scroller && (left < -1 || right > clientWidth + 1)) found.push(`${name} ends at ${right} of ${clientWidth}`);
    }
    return found.slice(0, 8);
  });

for (const [name, { path, status = 200 }] of Object.entries({ ...PAGES, ...PAST_PAGES })) {
  const test = name in PAGES ? newTest : pastTest;
  for (const [lang, prefix] of Object.entries(LANGUAGES)) {
    test(`${name} in ${lang} is accessible, light and dark`, async ({ page, script }) => {
      test.skip(!script, "axe is a script");
      const response = await page.goto(prefix + path);
      expect(response?.status()).toBe(status);
      expect(await barriers(page)).toEqual([]);
    });

    // At 200 % a laptop's window is 640 pixels wide, at 400 % it is 320.
    test(`${name} in ${lang} fits every width and loses nothing when it is zoomed`, async ({ page }) => {
      await page.goto(prefix + path);
      for (const width of [320, 375, 640, 768, 1280]) {
        await page.setViewportSize({ width, height: width <= 640 ? 400 : 800 });
        expect(width <= 640 ? await lost(page) : await wide(page), `${width} px`).toEqual([]);
      }
    });
  }
}

newTest("every address of the sitemap is a page, and every link on it leads somewhere", async ({ request, site, script }) => {
  newTest.skip(!script, "makes no difference: no browser is asked");
  newTest.setTimeout(180_000);
  const sitemap = await (await request.get("/sitemap.xml")).text();
  const paths = [...sitemap.matchAll(/<loc>([^<]+)<\/loc>/g)].map((match) => {
    const { pathname, search } = new URL((match[1] ?? "").replaceAll("&amp;", "&"));
    return pathname + search;
  });
  expect(paths.length).toBeGreaterThan(100);
  expect(new Set(paths).size, "no address twice").toBe(paths.length);

  /** Address to the pages that link to it. @type {Map<string, string>} */
  const links = new Map();
  const headers = { accept: "text/html" };
  for (const path of [...paths, "/search?q=debian", "/en/search?q=debian", "/debian/", "/en/gnu/"]) {
    const response = await request.get(path, { headers, maxRedirects: 0 });
    expect(response.status(), path).toBe(200);
    const html = await response.text();
    expect(html.match(/<h1[ >]/g)?.length, `${path}: one h1`).toBe(1);
    expect(html, `${path}: title`).toMatch(/<title>[^<]+<\/title>/);
    expect(html, `${path}: lang`).toContain(path.startsWith("/en/") ? '<html lang="en"' : '<html lang="zh-CN"');
    expect(html, `${path}: description`).toMatch(/<meta name="description" content="[^"]{5,}"/);
    const ids = [...html.matchAll(/ id="([^"]+)"/g)].map((match) => match[1]);
    expect(new Set(ids).size, `${path}: an id occurs twice: ${ids}`).toBe(ids.length);
    // One assertion for all of a page's links: each is a step that the runner records.
    const hrefs = [...html.matchAll(/ (?:href|src)="([^"]+)"/g)].map((match) => (match[1] ?? "").replaceAll("&amp;", "&"));
    expect(hrefs.filter((href) => !URL.canParse(href, site.url + path)), path).toEqual([]);
    const urls = hrefs.map((href) => new URL(href, site.url + path));
    const inside = urls.filter((url) => url.hash && url.pathname + url.search === path);
    const anchors = inside.map((url) => decodeURIComponent(url.hash.slice(1)));
    expect(anchors.filter((anchor) => !ids.includes(anchor)), path).toEqual([]);
    for (const url of urls.filter((url) => url.origin === site.url)) links.set(url.pathname + url.search, path);
  }
  expect(links.size).toBeGreaterThan(200);
  // A guide may name a folder of its mirror whose tree is on another machine.
  const { mirrors } = await (await request.get("/api/v1/mirrors")).json();
  const elsewhere = [];
  for (const { path } of mirrors) {
    if ((await request.head(`${path}/`, { headers })).status() === 404) elsewhere.push(`${path}/`);
  }
  expect(elsewhere.length).toBeLessThan(mirrors.length);
  const dead = [];
  for (const [link, from] of links) {
    if (elsewhere.some((tree) => link.startsWith(tree))) continue;
    const response = await request.head(link, { headers });
    if (response.status() >= 400) dead.push(`${response.status()} ${link} on ${from}`);
  }
  expect(dead).toEqual([]);
});

for (const [lang, prefix] of Object.entries(LANGUAGES)) {
  newTest(`every guide in ${lang} is accessible, light and dark, and fits a small phone`, async ({ page, script }) => {
    newTest.skip(!script, "axe is a script");
    newTest.setTimeout(600_000);
    await page.setViewportSize({ width: 320, height: 800 });
    await page.goto(`${prefix}/docs/`);
    const links = page.locator(".shelf a");
    const guides = new Set(await links.evaluateAll((all) => all.map((link) => link.getAttribute("href"))));
    expect(guides.size).toBeGreaterThan(60);
    for (const guide of guides) {
      await page.goto(guide ?? "");
      expect(await barriers(page), guide ?? "").toEqual([]);
      const width = await page.evaluate(() => document.documentElement.scrollWidth);
      expect(width, guide ?? "").toBeLessThanOrEqual(320);
    }
  });
}

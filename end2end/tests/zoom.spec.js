// At 200 % a laptop's window is 640 pixels wide, at 400 % it is 320: nothing is lost.
// @ts-check

import { PAST_PAGES } from "../past.js";
import { LANGUAGES, PAGES } from "../site.js";
import { expect, pastTest, test as newTest } from "./fixtures.js";

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

for (const [name, { path }] of Object.entries({ ...PAGES, ...PAST_PAGES })) {
  const test = name in PAGES ? newTest : pastTest;
  for (const [lang, prefix] of Object.entries(LANGUAGES)) {
    test(`${name} in ${lang} loses nothing at 200 % and at 400 %`, async ({ page, script }) => {
      test.skip(!script, "the look does not depend on the script");
      await page.goto(prefix + path);
      for (const width of [640, 320]) {
        await page.setViewportSize({ width, height: 400 });
        expect(await lost(page), `${width} px`).toEqual([]);
      }
    });
  }
}

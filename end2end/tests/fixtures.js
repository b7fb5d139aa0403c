// What every test starts from: a site of its own worker, and a page that may not complain.
// @ts-check

import { expect, test as base } from "@playwright/test";

import { startPastSite } from "../past.js";
import { startSite } from "../site.js";

export { expect };

/**
 * @typedef {import("@playwright/test").Page} Page
 * @typedef {import("../site.js").Site} Site
 */

/**
 * The program, one for each worker.
 * @param {() => Promise<Site>} start
 */
const running = (start) => /** @type {any} */ ([
  // The runner reads from the braces what a fixture needs.
  async ({}, /** @type {(site: Site) => Promise<void>} */ use) => {
    const site = await start();
    await use(site);
    await site.stop();
  },
  { scope: "worker" },
]);

export const test = base.extend({
  site: running(startSite),

  baseURL: async ({ site }, use) => use(site.url),

  /** Whether the browser runs scripts. */
  script: async ({ javaScriptEnabled }, use) => use(javaScriptEnabled !== false),

  /** Faults that the browser reports end the test; so does a request to any other host. */
  faults: [
    async ({ page, site }, use) => {
      /** @type {string[]} */
      const faults = [];
      /** Pages that a test opens on purpose although they are errors. */
      const errorPages = new Set();
      page.on("pageerror", (error) => faults.push(`page error: ${error.message}`));
      page.on("response", (response) => {
        if (response.status() < 400) return;
        if (response.request().isNavigationRequest()) errorPages.add(response.url());
        else faults.push(`${response.status()} for ${response.url()}`);
      });
      page.on("console", (message) => {
        if (!["error", "warning"].includes(message.type())) return;
        const { url } = message.location();
        if (message.text().startsWith("Failed to load resource") && errorPages.has(url)) return;
        faults.push(`console ${message.type()}: ${message.text()} (${url})`);
      });
      page.on("request", (request) => {
        if (!request.url().startsWith(`${site.url}/`)) faults.push(`asks ${request.url()}`);
      });
      await use(faults);
      expect(faults, "faults that the browser reported").toEqual([]);
    },
    { auto: true },
  ],
});

/** The same on a site that has a past. */
export const pastTest = test.extend({ site: running(startPastSite) });

/** Where the page is, without scheme and host. @param {Page} page */
export const at = (page) => {
  const { pathname, search } = new URL(page.url());
  return pathname + search;
};

/**
 * The parameters of the page's address. Empty ones are left out: a plain form sends them.
 * @param {Page} page
 */
export const query = (page) =>
  Object.fromEntries([...new URL(page.url()).searchParams].filter(([, value]) => value !== ""));

/**
 * Counts how often the page is loaded from now on; asking waits for a load that may just begin.
 * @param {Page} page
 * @returns {() => Promise<number>}
 */
export function countLoads(page) {
  let loads = 0;
  page.on("request", (request) => {
    if (request.isNavigationRequest()) loads += 1;
  });
  const one = page.waitForEvent("request", { predicate: (r) => r.isNavigationRequest(), timeout: 1000 });
  const settled = one.then(() => {}, () => {});
  return async () => {
    await settled;
    return loads;
  };
}

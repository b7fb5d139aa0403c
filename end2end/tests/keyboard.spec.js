// Every journey by keyboard alone: what is used is reached with Tab, and seen when it has the focus.
// @ts-check

import { expect, query, test } from "./fixtures.js";

/** @typedef {import("@playwright/test").Page} Page */
/** @typedef {import("@playwright/test").Locator} Locator */

// Where the focus is can be told at once only if nothing glides there.
test.use({ contextOptions: { reducedMotion: "reduce" } });

/** Whether the element with the focus can be seen and is marked. @param {Page} page */
const marked = (page) =>
  page.evaluate(() => {
    const element = document.activeElement;
    if (!element || element === document.body) return "nothing has the focus";
    const { outlineStyle, outlineWidth, boxShadow } = getComputedStyle(element);
    const { width, height, top, bottom, left, right } = element.getBoundingClientRect();
    const name = `${element.tagName}.${element.className} ${element.textContent?.slice(0, 40)}`;
    if (!(outlineStyle !== "none" && parseFloat(outlineWidth) > 0) && boxShadow === "none") return `${name} has no mark`;
    if (width < 2 || height < 2) return `${name} is ${width} by ${height}`;
    if (bottom <= 0 || top >= innerHeight || right <= 0 || left >= innerWidth) return `${name} is off the screen`;
    return "";
  });

/**
 * Presses Tab until the element has the focus; every stop on the way must be visible.
 * @param {Page} page
 * @param {Locator} target
 */
async function tabTo(page, target) {
  await expect(target).toBeVisible();
  for (let presses = 0; presses < 300; presses += 1) {
    await page.keyboard.press("Tab");
    expect(await marked(page)).toBe("");
    if (await target.evaluate((element) => element === document.activeElement)) return;
  }
  throw new Error(`${target} is not reached with Tab`);
}

test("list: find a mirror and open its guide", async ({ page, script }) => {
  await page.goto("/");
  await tabTo(page, page.locator("#mirrors-search, [data-filter='#mirrors']").first());
  await page.keyboard.type("rustup");
  if (!script) {
    await tabTo(page, page.getByRole("button", { name: "筛选" }).first());
    await page.keyboard.press("Enter");
    await expect(page).toHaveURL(/q=rustup/);
  }
  const name = page.locator("#mirrors tbody tr:not([hidden]) th").getByRole("link").first();
  await expect(name).toHaveText("Rustup");
  await tabTo(page, name);
  await page.keyboard.press("Enter");
  await expect(page).toHaveURL(/\/docs\/rustup$/);
});

test("list: shelf and order", async ({ page, script }) => {
  await page.goto("/");
  const order = page.getByRole("combobox", { name: "排序" });
  await tabTo(page, order);
  while ((await order.inputValue()) !== "size") await page.keyboard.press("ArrowDown");
  if (!script) {
    await tabTo(page, page.locator("form:has([name=sort])").getByRole("button").first());
    await page.keyboard.press("Enter");
  }
  await expect(page).toHaveURL(/sort=size/);
  if (script) await expect(order).toBeFocused();
});

test("every page: language, colours, stars", async ({ page, script }) => {
  await page.goto("/docs/alpine");
  if (script) {
    await tabTo(page, page.getByRole("button", { name: "配色：跟随系统" }));
    await page.keyboard.press("Enter");
    await expect(page.getByRole("button", { name: "配色：浅色" })).toBeFocused();
    await tabTo(page, page.getByRole("button", { name: "收藏 Alpine Linux" }));
    await page.keyboard.press("Space");
    await expect(page.getByRole("button", { name: "取消收藏 Alpine Linux" })).toBeFocused();
    await page.reload();
  }
  await tabTo(page, page.getByRole("link", { name: "English", exact: true }));
  await page.keyboard.press("Enter");
  await expect(page).toHaveURL(/\/en\/docs\/alpine$/);
});

test("guide: options, copy, download", async ({ page, script }) => {
  await page.goto("/docs/debian");
  await tabTo(page, page.getByRole("combobox", { name: "Debian 版本" }));
  await page.keyboard.press("ArrowDown");
  if (!script) {
    await tabTo(page, page.getByRole("button", { name: "更新页面" }));
    await page.keyboard.press("Enter");
  }
  await expect(page).toHaveURL(/release=bookworm/);
  if (script) {
    await page.context().grantPermissions(["clipboard-write"]);
    await tabTo(page, page.getByRole("button", { name: "复制" }).first());
    await page.keyboard.press("Enter");
    await expect(page.getByText("已复制").first()).toBeVisible();
  }
  const link = page.locator("main a[download], main a[href*='debian.sources']").first();
  await tabTo(page, link);
});

test("search: results are reached and opened", async ({ page }) => {
  await page.goto("/search");
  await tabTo(page, page.getByRole("searchbox").first());
  await page.keyboard.type("inrelease");
  await page.keyboard.press("Enter");
  await expect(page).toHaveURL(/q=inrelease/);
  const hit = page.locator(".hits li > a").first();
  await tabTo(page, hit);
  const href = await hit.getAttribute("href");
  await page.keyboard.press("Enter");
  await expect(page).toHaveURL((url) => href !== null && url.pathname === new URL(href, url).pathname);
});

test("listing: filter, order, open, up", async ({ page, script }) => {
  await page.goto("/debian/dists/");
  await tabTo(page, page.locator("#filter"));
  await page.keyboard.type("trixie");
  if (!script) await page.keyboard.press("Enter");
  const folder = page.locator("#entries tbody tr:not([hidden]):not(.parent) th a").first();
  await expect(folder).toHaveText(/trixie/);
  await tabTo(page, folder);
  await page.keyboard.press("Enter");
  await expect(page).toHaveURL(/\/debian\/dists\/trixie[^/]*\/$/);
  await tabTo(page, page.getByRole("link", { name: "大小" }));
  await page.keyboard.press("Enter");
  await expect(page).toHaveURL(/sort=size/);
  expect(query(page)).toEqual({ sort: "size", order: "desc" });
  await tabTo(page, page.locator("#entries tr.parent a"));
  await page.keyboard.press("Enter");
  await expect(page).toHaveURL(/\/debian\/dists\/$/);
});

test("downloads: a distribution, a file", async ({ page }) => {
  const image = page.locator("main a[href$='.iso']:visible").first();
  // What there is to download is found after the start.
  await expect(async () => {
    await page.goto("/downloads");
    await expect(image).toBeVisible({ timeout: 500 });
  }).toPass();
  await tabTo(page, page.getByRole("searchbox"));
  await page.keyboard.type("debian");
  await tabTo(page, image);
});

test("status leads to the past of a mirror, figures unfold", async ({ page }) => {
  await page.goto("/status");
  await tabTo(page, page.locator("main tbody a[href^='/status/']").first());
  await page.keyboard.press("Enter");
  await expect(page).toHaveURL(/\/status\/./);
  await page.goto("/stats");
  const details = page.locator("main details").first();
  await expect(details).toHaveAttribute("open");
  await tabTo(page, details.locator("summary"));
  await page.keyboard.press("Enter");
  await expect(details).not.toHaveAttribute("open");
});

test("network: the speed test", async ({ page }) => {
  await page.goto("/network");
  await tabTo(page, page.getByRole("main").getByText(/下载 10 MB/).first());
});

test("an error has ways out", async ({ page }) => {
  await page.goto("/debian/dists/no-such-suite/InRelease");
  const out = page.getByRole("main").getByRole("link").first();
  await tabTo(page, out);
  await page.keyboard.press("Enter");
  await expect(page).not.toHaveURL(/no-such-suite/);
});

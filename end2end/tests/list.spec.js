// The list of mirrors: find one by words, shelf, state; order it.
// @ts-check

import { expect, query, test } from "./fixtures.js";

/** @param {import("@playwright/test").Page} page */
const names = (page) => page.locator("#mirrors tbody tr:visible th a:not(.official)");

/** The box for everything; it filters the list, too. @param {import("@playwright/test").Page} page */
const box = (page) => page.getByRole("searchbox", { name: "搜索镜像、帮助和文件" });

/**
 * Narrows the list to words: as one types, or by the button for it.
 * @param {import("@playwright/test").Page} page
 * @param {boolean} script
 * @param {string} words
 */
async function narrow(page, script, words) {
  await box(page).fill(words);
  if (script) return;
  await page.getByRole("button", { name: "只筛选列表" }).click();
  await expect(page).toHaveURL(/\/\?q=/);
}

/**
 * Chooses and, without the script that does so by itself, sends the form.
 * @param {import("@playwright/test").Page} page
 * @param {boolean} script
 * @param {string} label
 * @param {string} choice
 */
async function choose(page, script, label, choice) {
  const before = page.url();
  await page.getByRole("combobox", { name: label, exact: true }).selectOption({ label: choice });
  if (!script) await page.getByRole("button", { name: "应用" }).click();
  await expect(page).not.toHaveURL(before);
}

test("words narrow the list", async ({ page, script }) => {
  await page.goto("/");
  const all = await names(page).count();
  expect(all).toBeGreaterThan(50);
  await narrow(page, script, "debian");
  await expect.poll(() => names(page).count()).toBeLessThan(all);
  const found = await names(page).allTextContents();
  expect(found).toContain("Debian 软件仓库");
  await expect(page.locator("[data-shown]")).toHaveText(`显示 ${found.length} / ${all}`);
  await expect(box(page)).toHaveValue("debian");
  if (script) await box(page).fill("");
  else await page.getByRole("link", { name: "清除筛选" }).click();
  await expect(names(page)).toHaveCount(all);
});

test("other words than those of the address bring other rows", async ({ page, script }) => {
  await page.goto("/?q=debian");
  await narrow(page, script, "rustup");
  await expect(names(page)).toHaveText(["Rustup"]);
  await choose(page, script, "版式", "详细");
  await expect(names(page)).toHaveText(["Rustup"]);
  expect(query(page)).toMatchObject({ q: "rustup", view: "details" });
});

test("pinyin, initials and aliases are words, too", async ({ page, script }) => {
  for (const [word, name] of [["wubantu", "Ubuntu 软件仓库"], ["wbt", "Ubuntu 软件仓库"], ["树莓派", "Raspberry Pi 软件仓库"]]) {
    await page.goto("/");
    await narrow(page, script, word ?? "");
    await expect.poll(() => names(page).allTextContents()).toContain(name);
    expect(await names(page).count()).toBeLessThan(10);
  }
});

test("words that nothing matches leave a sentence, not a blank", async ({ page, script }) => {
  await page.goto("/");
  await narrow(page, script, "no such mirror");
  await expect(page.getByText("没有符合条件的镜像。")).toBeVisible();
  await expect(names(page)).toHaveCount(0);
});

test("the same words search everything on Enter", async ({ page }) => {
  await page.goto("/");
  await box(page).fill("debian");
  await box(page).press("Enter");
  await expect(page).toHaveURL(/\/search\?q=debian$/);
});

test("a name leads to help, another link to the files", async ({ page }) => {
  await page.goto("/");
  const row = page.getByRole("row", { name: /^Debian 软件仓库/ });
  await row.getByRole("link", { name: "文件" }).click();
  await expect(page).toHaveURL(/\/debian\/$/);
  await page.goBack();
  await row.getByRole("link", { name: "Debian 软件仓库", exact: true }).click();
  await expect(page).toHaveURL(/\/docs\/debian$/);
});

test("each letter leads to its first mirror", async ({ page }) => {
  await page.goto("/");
  const letters = page.getByRole("navigation", { name: "按首字母跳转" });
  await letters.getByRole("link", { name: "U", exact: true }).click();
  await expect(page.locator("#mirrors tr:target th a").first()).toHaveText("Ubuntu 软件仓库");
});

test("details show a row with everything, compact columns do not", async ({ page, script }) => {
  await page.goto("/");
  const description = page.getByText("适合从 CentOS 迁来的服务器");
  await expect(description).toBeHidden();
  await choose(page, script, "版式", "详细");
  await expect(description).toBeVisible();
  await expect(page.locator("#mirrors tbody tr").first().locator("data")).toBeVisible();
});

test("every mirror is on a laptop's screen or little more", async ({ page }) => {
  await page.setViewportSize({ width: 1440, height: 900 });
  await page.goto("/");
  const list = await page.locator("#mirrors").boundingBox();
  expect(list?.height).toBeLessThan(700);
});

test("favourites of one's own stand first, on every visit, until they are put away", async ({ page, script }) => {
  test.skip(!script, "they are kept in the browser");
  await page.goto("/docs/alpine");
  await page.getByRole("button", { name: "收藏 Alpine Linux" }).click();
  await page.goto("/");
  const first = page.getByRole("navigation", { name: "常用" }).getByRole("link").first();
  await expect(first).toHaveText("Alpine Linux");
  await first.click();
  await expect(page).toHaveURL(/\/docs\/alpine$/);
  await page.getByRole("button", { name: "取消收藏 Alpine Linux" }).click();
  await page.goto("/en/");
  await expect(page.getByRole("navigation", { name: "Most used" }).getByRole("link").first()).toHaveText("Ubuntu");
});

test("shelf, state and order are in the address and survive each other", async ({ page, script }) => {
  await page.goto("/");
  await choose(page, script, "版式", "详细");
  await choose(page, script, "分类", "操作系统");
  await choose(page, script, "同步状态", "成功");
  await choose(page, script, "排序", "大小");
  expect(query(page)).toEqual({ category: "system", state: "success", sort: "size", view: "details" });
  const states = await page.locator("#mirrors tbody .mark-state").allTextContents();
  expect(new Set(states)).toEqual(new Set(["成功"]));
  const sizes = await page
    .locator("#mirrors tbody td.num data")
    .evaluateAll((cells) => cells.map((cell) => Number(cell.getAttribute("value"))));
  expect(sizes.length).toBeGreaterThan(5);
  expect(sizes).toEqual([...sizes].sort((a, b) => b - a));
  await expect(page.getByRole("combobox", { name: "分类" })).toHaveValue("system");
  await page.goBack();
  expect(query(page)).toEqual({ category: "system", state: "success", sort: "name", view: "details" });
});

test("words and shelf narrow together", async ({ page, script }) => {
  await page.goto("/");
  await narrow(page, script, "debian");
  await choose(page, script, "分类", "安装镜像");
  expect(query(page)).toMatchObject({ q: "debian", category: "image" });
  expect(await names(page).allTextContents()).toContain("Debian 安装镜像");
  expect(await names(page).allTextContents()).not.toContain("Debian 软件仓库");
});

test("an unknown shelf is refused with the valid ones", async ({ page }) => {
  const response = await page.goto("/?category=cheese");
  expect(response?.status()).toBe(400);
  await expect(page.getByRole("main")).toContainText("system");
});

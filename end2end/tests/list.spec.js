// The list of mirrors: find one by words, shelf, state; order it.
// @ts-check

import { expect, query, test } from "./fixtures.js";

/** @param {import("@playwright/test").Page} page */
const names = (page) => page.locator("#mirrors tbody tr:visible th a:not(.official)");

/**
 * Chooses and, without the script that does so by itself, sends the form.
 * @param {import("@playwright/test").Page} page
 * @param {boolean} script
 * @param {string} label
 * @param {string} choice
 */
async function choose(page, script, label, choice) {
  const loaded = page.waitForEvent("load");
  await page.getByRole("combobox", { name: label, exact: true }).selectOption({ label: choice });
  if (!script) await page.getByRole("button", { name: "应用" }).click();
  await loaded;
}

test("words narrow the list", async ({ page, script }) => {
  await page.goto("/");
  const all = await names(page).count();
  expect(all).toBeGreaterThan(50);
  const box = page.getByLabel("按名称筛选");
  await box.fill("debian");
  if (script) {
    await expect.poll(() => names(page).count()).toBeLessThan(all);
    await expect(page.locator("[data-shown]")).toHaveText(/显示 \d+ \/ \d+/);
  }
  await box.press("Enter");
  await expect(page).toHaveURL(/[?&]q=debian/);
  await expect(names(page).first()).toBeVisible();
  const found = await names(page).allTextContents();
  expect(found).toContain("Debian 软件仓库");
  expect(found.length).toBeLessThan(all);
  await expect(page.getByLabel("按名称筛选")).toHaveValue("debian");
  await page.getByRole("link", { name: "清除筛选" }).click();
  await expect(names(page)).toHaveCount(all);
});

test("pinyin and aliases are words, too", async ({ page }) => {
  for (const [word, name] of [["wubantu", "Ubuntu 软件仓库"], ["树莓派", "Raspberry Pi 软件仓库"]]) {
    await page.goto("/");
    await page.getByLabel("按名称筛选").fill(word ?? "");
    await page.getByLabel("按名称筛选").press("Enter");
    await expect(page).toHaveURL(/q=/);
    expect(await names(page).allTextContents()).toContain(name);
  }
});

test("words that nothing matches leave a sentence, not a blank", async ({ page, script }) => {
  await page.goto("/");
  const box = page.getByLabel("按名称筛选");
  await box.fill("no such mirror");
  if (!script) await box.press("Enter");
  await expect(page.getByText("没有符合条件的镜像。")).toBeVisible();
  await expect(names(page)).toHaveCount(0);
});

test("clearing the box brings back every mirror", async ({ page }) => {
  await page.goto("/");
  const all = await names(page).count();
  const box = page.getByLabel("按名称筛选");
  await box.fill("debian");
  await box.press("Enter");
  await expect(page).toHaveURL(/q=debian/);
  expect(await names(page).count()).toBeLessThan(all);
  await page.getByLabel("按名称筛选").fill("");
  await page.getByLabel("按名称筛选").press("Enter");
  await expect(names(page)).toHaveCount(all);
});

test("shelf, state and order are in the address and survive each other", async ({ page, script }) => {
  await page.goto("/");
  await choose(page, script, "分类", "操作系统");
  await choose(page, script, "同步状态", "成功");
  await choose(page, script, "排序", "大小");
  expect(query(page)).toEqual({ category: "system", state: "success", sort: "size" });
  const states = await page.locator("#mirrors tbody .mark-state").allTextContents();
  expect(new Set(states)).toEqual(new Set(["成功"]));
  const sizes = await page
    .locator("#mirrors tbody td.num data")
    .evaluateAll((cells) => cells.map((cell) => Number(cell.getAttribute("value"))));
  expect(sizes.length).toBeGreaterThan(5);
  expect(sizes).toEqual([...sizes].sort((a, b) => b - a));
  await expect(page.getByRole("combobox", { name: "分类" })).toHaveValue("system");
  await page.goBack();
  expect(query(page)).toEqual({ category: "system", state: "success", sort: "name" });
});

test("words and shelf narrow together", async ({ page, script }) => {
  await page.goto("/");
  const box = page.getByLabel("按名称筛选");
  await box.fill("debian");
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

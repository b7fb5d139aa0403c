// A help page: choose, see the snippet change, take it.
// @ts-check

import { at, countLoads, expect, query, test } from "./fixtures.js";

/** @typedef {import("@playwright/test").Page} Page */

/**
 * Chooses a value of an option; without the script the button sends the form.
 * @param {Page} page
 * @param {boolean} script
 * @param {string} label
 * @param {string} value
 */
async function choose(page, script, label, value) {
  await page.getByRole("combobox", { name: label, exact: true }).selectOption(value);
  if (!script) await page.getByRole("button", { name: "更新页面" }).click();
  await expect(page).toHaveURL(new RegExp(`=${value}(&|$)`));
  await expect(page.getByRole("combobox", { name: label, exact: true })).toHaveValue(value);
}

/**
 * The figure that shows a snippet.
 * @param {Page} page
 * @param {string} id
 */
const figure = (page, id) => page.locator("figure", { has: page.locator(`#code-${id}`) });

test("from the list to a snippet for another release and format, and back", async ({ page, script }) => {
  await page.goto("/");
  await page.locator("#mirrors").getByRole("link", { name: "Debian 软件仓库", exact: true }).click();
  await expect(page).toHaveURL(/\/docs\/debian$/);
  await expect(page.locator("#code-deb822")).toContainText("Suites: trixie trixie-updates");
  await expect(page.getByText("写入 /etc/apt/sources.list.d/debian.sources")).toBeVisible();

  await choose(page, script, "Debian 版本", "bookworm");
  await expect(page.locator("#code-deb822")).toContainText("Suites: bookworm bookworm-updates");
  await choose(page, script, "文件格式", "list");
  await expect(page.locator("#code-list")).toContainText("/debian bookworm main");
  await expect(page.getByText("写入 /etc/apt/sources.list", { exact: true })).toBeVisible();
  expect(query(page)).toEqual({ release: "bookworm", format: "list" });

  await page.reload();
  await expect(page.locator("#code-list")).toContainText("/debian bookworm main");

  await page.goBack();
  await expect(page.locator("#code-deb822")).toContainText("Suites: bookworm bookworm-updates");
  expect(query(page)).toEqual({ release: "bookworm" });
  await page.goBack();
  await expect(page.locator("#code-deb822")).toContainText("Suites: trixie trixie-updates");
  await page.goForward();
  await expect(page.locator("#code-deb822")).toContainText("Suites: bookworm bookworm-updates");
});

test("boxes can be ticked and unticked", async ({ page, script }) => {
  await page.goto("/docs/debian");
  const box = page.getByLabel("backports（移植自新版本的软件包）");
  const send = async () => {
    if (!script) await page.getByRole("button", { name: "更新页面" }).click();
  };
  await box.check();
  await send();
  await expect(page).toHaveURL(/backports=on/);
  await expect(page.locator("#code-deb822")).toContainText("trixie-backports");
  await expect(box).toBeChecked();
  await box.uncheck();
  await send();
  await expect(page).toHaveURL(/\/docs\/debian$/);
  await expect(page.locator("#code-deb822")).not.toContainText("backports");
  await page.getByLabel("非自由软件与固件").uncheck();
  await send();
  await expect(page).toHaveURL(/nonfree=off/);
  await expect(page.locator("#code-deb822")).not.toContainText("non-free");
});

test("an option that does not apply disappears", async ({ page, script }) => {
  await page.goto("/docs/debian?backports=on");
  await expect(page.getByRole("combobox", { name: "安全更新来自" })).toBeVisible();
  await choose(page, script, "Debian 版本", "sid");
  await expect(page.getByRole("combobox", { name: "安全更新来自" })).toHaveCount(0);
  await expect(page.locator("#code-deb822")).not.toContainText("security");
  await expect(page.locator("#code-deb822")).not.toContainText("backports");
});

for (const address of [
  "/docs/debian",
  "/docs/debian?release=bookworm&format=list",
  "/docs/ubuntu?release=noble&security=mirror&src=on",
  "/docs/pypi?tool=uv",
  "/docs/crates.io-index",
  "/en/docs/archlinux",
  "/en/docs/docker-ce?distro=debian-trixie",
]) {
  test(`the plain text of every snippet of ${address} is what the page shows`, async ({ page, request }) => {
    await page.goto(address);
    const figures = page.locator("figure.snippet:not(.sample)");
    expect(await figures.count()).toBeGreaterThan(1);
    for (const one of await figures.all()) {
      const shown = await one.locator("pre").first().locator("code").textContent();
      const link = one.getByRole("link", { name: /^(纯文本|Plain text)$/ });
      const raw = await request.get((await link.getAttribute("href")) ?? "");
      expect(raw.status()).toBe(200);
      expect(raw.headers()["content-type"]).toBe("text/plain; charset=utf-8");
      expect((await raw.body()).equals(Buffer.from(shown ?? "", "utf8")), await link.getAttribute("href") ?? "").toBe(true);
    }
  });
}

test("the plain text can be opened from the page", async ({ page }) => {
  await page.goto("/docs/debian?release=bookworm");
  const shown = await page.locator("#code-deb822").textContent();
  await figure(page, "deb822").getByRole("link", { name: "纯文本" }).click();
  expect(at(page)).toBe("/docs/debian/debian.sources?release=bookworm");
  expect(await page.locator("pre").textContent()).toBe(shown);
  await page.goBack();
  await expect(page.locator("#code-deb822")).toHaveText(shown ?? "");
});

test("the shell line names the address of the same bytes", async ({ page, request }) => {
  await page.goto("/docs/debian?release=forky&scheme=http");
  const shown = figure(page, "deb822");
  await shown.getByText("用一条命令写入").click();
  const line = await shown.locator(".curl code").textContent();
  const address = /'https?:\/\/[^/]+(\/[^']+)'/.exec(line ?? "")?.[1];
  expect(address).toBe("/docs/debian/debian.sources?release=forky&scheme=http");
  const raw = await request.get(address ?? "");
  expect(await raw.text()).toBe(await page.locator("#code-deb822").textContent());
  expect(line).toContain("-o /etc/apt/sources.list.d/debian.sources ");
});

test("the Markdown holds the chosen snippet", async ({ page, request }) => {
  await page.goto("/docs/debian?release=bookworm");
  const code = await page.locator("#code-deb822").textContent();
  const href = await page.getByRole("link", { name: "Markdown 版本" }).getAttribute("href");
  const markdown = await request.get(href ?? "");
  expect(markdown.headers()["content-type"]).toContain("text/markdown");
  expect(await markdown.text()).toContain(code ?? "?");
});

test("the copy button copies the very text, also after a swap", async ({ page, context, script }) => {
  test.skip(!script, "without a script there is no button");
  await context.grantPermissions(["clipboard-read", "clipboard-write"]);
  // Pages of the site may not read the clipboard; a plain text may.
  const reader = await context.newPage();
  await reader.goto("/robots.txt");
  await page.goto("/docs/debian");
  const copied = async () => {
    await page.bringToFront();
    await figure(page, "deb822").getByRole("button", { name: "复制" }).click();
    await expect(figure(page, "deb822").getByRole("button", { name: "已复制" })).toBeVisible();
    await reader.bringToFront();
    const text = await reader.evaluate(() => navigator.clipboard.readText());
    await page.bringToFront();
    return text;
  };
  expect(await copied()).toBe(await page.locator("#code-deb822").textContent());
  await choose(page, true, "Debian 版本", "bookworm");
  await expect(page.locator("#code-deb822")).toContainText("bookworm");
  const again = await copied();
  expect(again).toContain("Suites: bookworm ");
  expect(again).toBe(await page.locator("#code-deb822").textContent());
});

test("without a script there is nothing that only a script could do", async ({ page, script }) => {
  test.skip(script, "about the page without a script");
  await page.goto("/docs/debian");
  await expect(page.locator("figure button")).toHaveCount(0);
  await expect(page.locator(".theme")).toHaveCount(0);
});

test("an unknown value is refused with the valid ones, and there is a way back", async ({ page }) => {
  const response = await page.goto("/docs/debian?release=etch");
  expect(response?.status()).toBe(400);
  const main = page.getByRole("main");
  for (const value of ["trixie", "bookworm", "forky", "sid"]) await expect(main).toContainText(value);
  await main.getByRole("link", { name: "Debian 软件仓库的帮助" }).click();
  await expect(page).toHaveURL(/\/docs\/debian$/);
});

test("an unknown option is refused with the valid ones", async ({ page, request }) => {
  const response = await page.goto("/en/docs/debian?relase=trixie");
  expect(response?.status()).toBe(400);
  await expect(page.getByRole("main")).toContainText("release, format, security");
  const text = await request.get("/docs/debian/debian.sources?relase=trixie");
  expect(text.status()).toBe(400);
  expect(text.headers()["content-type"]).toContain("text/plain");
});

test("a snippet that the options rule out says why", async ({ request }) => {
  const raw = await request.get("/docs/debian/sources.list?release=trixie");
  expect(raw.status()).toBe(404);
  expect(await raw.text()).toContain("format == 'list'");
});

test("the contents lead to their headings without loading the page again", async ({ page }) => {
  await page.goto("/docs/debian?release=bookworm");
  const link = page.locator(".contents a").nth(2);
  const target = (await link.getAttribute("href")) ?? "";
  const loads = countLoads(page);
  await link.click();
  await expect(page.locator(`[id="${target.slice(1)}"]`)).toBeInViewport();
  expect(await loads()).toBe(0);
  expect(query(page)).toEqual({ release: "bookworm" });
});

test("the other language keeps the options, also right after choosing", async ({ page, script }) => {
  await page.goto("/docs/debian");
  await choose(page, script, "Debian 版本", "bookworm");
  await expect(page.locator("#code-deb822")).toContainText("bookworm");
  await page.getByRole("link", { name: "English" }).click();
  expect(at(page)).toBe("/en/docs/debian?release=bookworm");
  await expect(page.locator("html")).toHaveAttribute("lang", "en");
  await expect(page.locator("#code-deb822")).toContainText("bookworm");
});

test("the last choices are offered again, and only when there are others", async ({ page, script }) => {
  test.skip(!script, "they are kept in the browser");
  await page.goto("/docs/debian");
  const again = page.getByRole("link", { name: "用上次的选择" });
  await expect(again).toHaveCount(0);
  await choose(page, script, "Debian 版本", "bookworm");
  await expect(again).toHaveCount(0);
  await page.goto("/docs/debian");
  await again.click();
  expect(query(page)).toEqual({ release: "bookworm" });
  await expect(page.locator("#code-deb822")).toContainText("Suites: bookworm");
});

test("a file can be downloaded under its own name, and the page lists what changes", async ({ page }) => {
  await page.goto("/docs/debian?release=bookworm");
  const download = page.waitForEvent("download");
  await figure(page, "deb822").getByRole("link", { name: "下载" }).click();
  expect((await download).suggestedFilename()).toBe("debian.sources");
  const files = page.locator(".changes-here code");
  expect(await files.allTextContents()).toEqual(["/etc/apt/sources.list.d/debian.sources", "/etc/apt/sources.list"]);
  await page.locator(".changes-here a").first().click();
  await expect(page).toHaveURL(/#snippet-deb822$/);
});

// Files: find one by words, walk the folders, get the right bytes.
// @ts-check

import { createHash } from "node:crypto";
import { mkdir, readFile, writeFile } from "node:fs/promises";

import { at, expect, query, test } from "./fixtures.js";

/** @param {import("@playwright/test").Page} page */
const entries = (page) => page.locator("#entries tbody tr:visible:not(.parent) th a");

test("from three words to an image with the right bytes", async ({ page, request }) => {
  await page.goto("/");
  await page.getByRole("searchbox", { name: "搜索镜像、帮助和文件" }).fill("ubuntu 24.04 desktop iso");
  await page.getByRole("button", { name: "搜索" }).click();
  await expect(page).toHaveURL(/\/search\?q=ubuntu\+24\.04\+desktop\+iso/);
  const hit = page.locator(".files a").first();
  await expect(hit).toHaveText(/ubuntu-24\.04\.\d-desktop-amd64\.iso/);
  const begun = page.waitForEvent("download");
  await hit.click();
  const download = await begun;
  const name = download.suggestedFilename();
  const digest = createHash("sha256").update(await readFile(await download.path())).digest("hex");

  await page.locator(".files li").first().getByRole("link", { name: "所在文件夹" }).click();
  await expect(page).toHaveURL(/\/ubuntu-releases\/24\.04\/$/);
  const sums = await request.get(`${at(page)}SHA256SUMS`);
  const line = (await sums.text()).split("\n").find((line) => line.endsWith(name));
  expect(line?.split(/[ *]+/)[0]).toBe(digest);
});

test("results follow the typing", async ({ page, script }) => {
  test.skip(!script, "needs the script");
  await page.goto("/search");
  await page.getByRole("searchbox").pressSequentially("debian netinst iso");
  await expect(page.locator(".files a").first()).toContainText("netinst");
  await expect(page).toHaveURL(/q=debian\+netinst\+iso/);
  await expect(page.getByRole("searchbox")).toBeFocused();
  await expect(page.getByRole("searchbox")).toHaveValue("debian netinst iso");
});

test("a search finds mirrors, guides and files together", async ({ page }) => {
  await page.goto("/search");
  await page.getByRole("searchbox").fill("debian");
  await page.getByRole("searchbox").press("Enter");
  await expect(page.getByRole("heading", { name: "镜像", exact: true })).toBeVisible();
  await expect(page.getByRole("heading", { name: "帮助", exact: true })).toBeVisible();
  await expect(page.getByRole("heading", { name: "文件", exact: true })).toBeVisible();
});

test("files alone, within one mirror and of one extension", async ({ page }) => {
  await page.goto("/search?q=hello");
  await page.getByRole("button", { name: "只看文件" }).click();
  await expect(page).toHaveURL(/\/search\/files\?q=hello$/);
  await page.getByRole("combobox", { name: "限定镜像" }).selectOption("gnu");
  await expect(page.getByRole("combobox", { name: "限定镜像" })).toHaveValue("gnu");
  await page.getByLabel("扩展名").fill("gz");
  await page.getByLabel("扩展名").press("Enter");
  await expect(page).toHaveURL(/ext=gz/);
  await expect(page).toHaveURL(/mirror=gnu/);
  const found = await page.locator(".files li > a").allTextContents();
  expect(found.length).toBeGreaterThan(1);
  for (const path of found) expect(path).toMatch(/^\/?gnu\/.*hello.*\.gz\s*$/);
});

test("a search for nothing says so", async ({ page }) => {
  await page.goto("/search?q=qqqzzzxxx");
  await expect(page.getByText("没有找到“qqqzzzxxx”。")).toBeVisible();
});

test("the other language keeps what was searched", async ({ page }) => {
  await page.goto("/search?q=debian");
  await page.getByRole("link", { name: "English" }).click();
  expect(query(page)).toEqual({ q: "debian" });
  await expect(page.locator("html")).toHaveAttribute("lang", "en");
});

test("by clicking from the list to a file deep in the tree", async ({ page, site }) => {
  await page.goto("/");
  await page.getByRole("row", { name: /^Debian 软件仓库/ }).getByRole("link", { name: "文件" }).click();
  await expect(page).toHaveURL(/\/debian\/$/);
  for (const name of ["dists/", "trixie/"]) {
    await page.getByRole("link", { name, exact: true }).click();
    await expect(page).toHaveURL(new RegExp(`/${name}$`));
  }
  await expect(page.getByRole("heading", { level: 1 })).toContainText("/debian/dists/trixie/");
  const response = page.waitForResponse((response) => response.url().endsWith("/InRelease"));
  await page.getByRole("link", { name: "InRelease", exact: true }).click();
  const body = await (await response).body();
  expect(body.equals(await readFile(`${site.state}/mirrors/debian/dists/trixie/InRelease`))).toBe(true);
  await expect(page.locator("pre")).toContainText("Codename: trixie");
  await page.goBack();
  await page.getByRole("navigation", { name: "所在位置" }).getByRole("link", { name: "debian" }).click();
  await expect(page).toHaveURL(/\/debian\/$/);
});

test("a listing can be sorted by each column, folders first", async ({ page }) => {
  await page.goto("/debian/dists/trixie/");
  const sizes = () => page.locator("#entries tbody tr:not(.dir) td:nth-child(2)").allTextContents();
  await page.getByRole("link", { name: "大小" }).click();
  expect(query(page)).toEqual({ sort: "size", order: "desc" });
  const descending = await sizes();
  expect(descending.length).toBeGreaterThan(2);
  await expect(page.locator("#entries tbody tr:not(.parent)").first()).toHaveClass(/dir/);
  await page.getByRole("link", { name: "大小" }).click();
  expect(query(page)).toEqual({ sort: "size", order: "asc" });
  expect(await sizes()).toEqual([...descending].reverse());
  await expect(page.locator("#entries thead th").nth(1)).toHaveAttribute("aria-sort", "ascending");
  await page.getByRole("link", { name: "名称", exact: true }).click();
  expect(query(page)).toMatchObject({ sort: "name" });
});

test("a listing is in natural order", async ({ page, site }) => {
  const folder = `${site.state}/mirrors/gnu/natural`;
  const names = ["v1.9.tar", "v1.10.tar", "v2.tar", "v10.tar"];
  await mkdir(folder, { recursive: true });
  for (const name of names) await writeFile(`${folder}/${name}`, "");
  await page.goto("/gnu/natural/");
  expect(await entries(page).allTextContents()).toEqual(names);
});

test("a listing can be filtered, and stays so when it is sorted", async ({ page, script }) => {
  await page.goto("/gnu/hello/");
  const box = page.getByLabel("按名称筛选");
  await box.fill("2.12");
  if (script) await expect(entries(page)).toHaveCount(2);
  await box.press("Enter");
  await expect(page).toHaveURL(/q=2\.12/);
  await expect(entries(page)).toHaveCount(2);
  await page.getByRole("link", { name: "大小" }).click();
  await expect(page).toHaveURL(/sort=size/);
  await expect(entries(page)).toHaveCount(2);
});

test("a listing searches below its own folder", async ({ page }) => {
  await page.goto("/gnu/sed/");
  await page.getByLabel("搜索这个文件夹之下").fill("sed");
  await page.getByLabel("搜索这个文件夹之下").press("Enter");
  await expect(page).toHaveURL(/\/search\/files\?folder=%2Fgnu%2Fsed%2F&q=sed/);
  await expect(page.locator(".files li > a").first()).toContainText("gnu/sed/");
  for (const path of await page.locator(".files li > a").allTextContents()) expect(path).toMatch(/^gnu\/sed\//);
  await page.getByLabel("只在这个文件夹之下").uncheck();
  await page.getByRole("button", { name: "搜索", exact: true }).click();
  await expect(page).not.toHaveURL(/folder=/);
});

test("awkward names are shown as they are and lead to their bytes", async ({ page, request }) => {
  await page.goto("/gnu/");
  await page.getByRole("link", { name: "odd-names/", exact: true }).click();
  const names = await entries(page).allTextContents();
  expect([...names].sort()).toEqual(["a b%c#d?.txt", 'quote"<script>.txt', "😀.txt"].sort());
  for (const link of await entries(page).all()) {
    const href = new URL((await link.getAttribute("href")) ?? "", page.url()).href;
    const file = await request.get(href);
    expect(await file.text()).toBe(`The name of this file is ${await link.textContent()}\n`);
  }
});

test("the README of a folder is shown as text, with links that work", async ({ page }) => {
  await page.goto("/gnu/");
  const readme = page.getByRole("region", { name: "说明文件" });
  await expect(readme.getByText("GNU, as a demo")).toBeVisible();
  await readme.getByRole("link", { name: "hello" }).click();
  await expect(page).toHaveURL(/\/gnu\/hello\/$/);
});

test("the other language keeps the folder and its order", async ({ page }) => {
  await page.goto("/gnu/hello/?sort=size&order=desc");
  await page.getByRole("link", { name: "English" }).click();
  await expect(page).toHaveURL(/\/en\/gnu\/hello\/\?sort=size&order=desc$/);
  await expect(page.getByRole("heading", { level: 1 })).toContainText("Index of /gnu/hello/");
});

test("a folder without its slash and other spellings of a mirror lead to it", async ({ page }) => {
  await page.goto("/debian/dists");
  expect(at(page)).toBe("/debian/dists/");
  await page.goto("/Debian/dists/");
  expect(at(page)).toBe("/debian/dists/");
});

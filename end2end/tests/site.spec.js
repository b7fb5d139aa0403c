// What holds everywhere: languages, keyboard, theme, errors and their ways out, weight.
// @ts-check

import { at, countLoads, expect, test } from "./fixtures.js";

for (const path of ["/", "/?category=image&sort=size", "/docs/", "/docs/debian?release=bookworm", "/status", "/news/", "/news/2026-11-21-mingjing", "/about", "/faq", "/downloads", "/search", "/debian/"]) {
  test(`the other language of ${path} is the same page, and back`, async ({ page }) => {
    await page.goto(path);
    await expect(page.locator("html")).toHaveAttribute("lang", "zh-CN");
    await page.getByRole("link", { name: "English", exact: true }).click();
    expect(at(page)).toBe(`/en${path}`);
    await expect(page.locator("html")).toHaveAttribute("lang", "en");
    await page.getByRole("link", { name: "中文", exact: true }).click();
    expect(at(page)).toBe(path);
  });
}

test("no page in English leads to one in Chinese, except by the switch", async ({ page }) => {
  for (const path of ["/en/", "/en/docs/", "/en/docs/debian", "/en/status", "/en/search?q=debian", "/en/gnu/", "/en/about", "/en/nothing-here"]) {
    await page.goto(path);
    const links = await page
      .locator("a[href^='/']:not([hreflang])")
      .evaluateAll((links) => links.map((link) => link.getAttribute("href") ?? ""));
    // Files, feeds, the API and plain text have no language.
    const pages = links.filter((href) => /^\/(docs\/[^/]*|status|about|faq|search.*|news\/.*)?$/.test(href));
    expect(pages, path).toEqual([]);
  }
});

test("the first Tab reaches the skip link, which leads to the content", async ({ page }) => {
  await page.goto("/docs/debian");
  await page.keyboard.press("Tab");
  const skip = page.getByRole("link", { name: "跳到正文" });
  await expect(skip).toBeFocused();
  await expect(skip).toBeInViewport();
  const loads = countLoads(page);
  await page.keyboard.press("Enter");
  await expect(page.locator("main")).toBeFocused();
  expect(await loads(), "the page was loaded again").toBe(0);
  await page.keyboard.press("Tab");
  const within = await page.evaluate(() => document.querySelector("main")?.contains(document.activeElement));
  expect(within).toBe(true);
});

test("a guide can be used by keyboard alone", async ({ page, script }) => {
  await page.goto("/docs/debian");
  await page.getByRole("combobox", { name: "Debian 版本" }).focus();
  await page.keyboard.press("ArrowDown");
  if (!script) await page.getByRole("button", { name: "更新页面" }).press("Enter");
  await expect(page).toHaveURL(/release=bookworm/);
  if (script) await expect(page.getByRole("combobox", { name: "Debian 版本" })).toBeFocused();
});

test("/ goes to the search box, but types a slash where one types", async ({ page, script }) => {
  test.skip(!script, "needs the script");
  for (const path of ["/", "/search", "/debian/"]) {
    await page.goto(path);
    const box = page.locator("[data-focus-key]");
    await expect(box).toHaveCount(1);
    await page.keyboard.press("/");
    await expect(box).toBeFocused();
    await expect(box).toHaveValue("");
    await page.keyboard.press("/");
    await expect(box).toHaveValue("/");
  }
});

test("the theme that was chosen survives a reload and another page", async ({ page, script }) => {
  test.skip(!script, "without a script the system decides");
  await page.emulateMedia({ colorScheme: "light" });
  await page.goto("/");
  const paper = () => page.evaluate(() => getComputedStyle(document.body).backgroundColor);
  const light = await paper();
  await page.getByRole("button", { name: "配色：跟随系统" }).click();
  expect(await paper()).toBe(light);
  await page.getByRole("button", { name: "配色：浅色" }).click();
  const dark = await paper();
  expect(dark).not.toBe(light);
  await page.reload();
  expect(await paper()).toBe(dark);
  await page.goto("/docs/debian");
  expect(await paper()).toBe(dark);
  await page.getByRole("button", { name: "配色：深色" }).click();
  expect(await paper()).toBe(light);
  await page.reload();
  await expect(page.getByRole("button", { name: "配色：跟随系统" })).toBeVisible();
});

test("the system's choice of dark is followed", async ({ page }) => {
  await page.goto("/");
  const paper = () => page.evaluate(() => getComputedStyle(document.body).backgroundColor);
  await page.emulateMedia({ colorScheme: "light" });
  const light = await paper();
  await page.emulateMedia({ colorScheme: "dark" });
  expect(await paper()).not.toBe(light);
});

for (const path of ["/nothing/here", "/debian/dists/no-such-suite/InRelease", "/docs/no-such-mirror", "/news/no-such-item", "/en/debian/nothing", "/docs/debian/nothing.txt"]) {
  test(`${path} is not found, and every way out works`, async ({ page, request }) => {
    const response = await page.goto(path);
    expect(response?.status()).toBe(404);
    // The federation is another site; nobody but us is asked.
    const ways = page.locator('.ways-out a[href^="/"]');
    expect(await ways.count()).toBeGreaterThan(1);
    for (const way of await ways.all()) {
      const href = (await way.getAttribute("href")) ?? "";
      expect((await request.get(href)).status(), href).toBe(200);
    }
    const first = (await ways.first().getAttribute("href")) ?? "";
    await ways.first().click();
    expect(decodeURI(at(page))).toBe(decodeURI(first));
    await expect(page.getByRole("heading", { level: 1 })).toBeVisible();
  });
}

test("the nearest folder is offered for a file that is gone", async ({ page }) => {
  await page.goto("/debian/dists/trixie/no/such/file");
  await page.getByRole("link", { name: "最近的上级目录 /debian/dists/trixie/" }).click();
  await expect(page.getByRole("heading", { level: 1 })).toContainText("/debian/dists/trixie/");
});

test("malformed addresses are refused with a page", async ({ request }) => {
  for (const path of ["/debian/%00", "/debian/%2e%2e/etc/passwd", "/debian//dists/", "/debian/a%2fb", "/debian/%ff%fe", "/%F0%9F%98%80/"]) {
    const response = await request.get(path, { headers: { accept: "text/html" }, maxRedirects: 0 });
    expect([400, 404], `${path}: ${response.status()}`).toContain(response.status());
    expect(await response.text()).toContain('class="ways-out"');
  }
});

test("an error in English stays in English after a look at Chinese", async ({ page }) => {
  await page.goto("/en/debian/nothing");
  await page.getByRole("link", { name: "中文", exact: true }).click();
  expect(at(page)).toBe("/debian/nothing");
});

test("the status page shows both times of every mirror", async ({ page }) => {
  await page.goto("/status");
  const row = page.getByRole("row", { name: /^Debian 软件仓库 / });
  await expect(row.locator("time")).not.toHaveCount(0);
  await expect(page.getByText(/记录于 2026-07-05/).first()).toBeVisible();
});

test("the first visit to the front page is light", async ({ page, context }) => {
  const session = await context.newCDPSession(page);
  await session.send("Network.enable");
  /** @type {Map<string, { url: string, type: string, bytes: number }>} */
  const loads = new Map();
  session.on("Network.requestWillBeSent", ({ requestId, request, type }) => {
    loads.set(requestId, { url: request.url, type: type ?? "", bytes: 0 });
  });
  session.on("Network.loadingFinished", ({ requestId, encodedDataLength }) => {
    const load = loads.get(requestId);
    if (load) load.bytes = encodedDataLength;
  });
  await page.goto("/", { waitUntil: "networkidle" });
  const all = [...loads.values()];
  const sum = (/** @type {typeof all} */ some) => some.reduce((bytes, load) => bytes + load.bytes, 0);
  const table = all.map(({ url, bytes }) => `${bytes} ${url}`).join("\n");
  expect(sum(all), table).toBeGreaterThan(1000);
  expect(sum(all), table).toBeLessThanOrEqual(30_000);
  expect(all.length, table).toBeLessThanOrEqual(5);
});

test("the script is at most 4 kB of gzip", async ({ page, request }) => {
  await page.goto("/");
  const src = await page.locator("script[src]").getAttribute("src");
  const response = await request.get(src ?? "", { headers: { "accept-encoding": "gzip" } });
  expect(response.headers()["content-encoding"]).toBe("gzip");
  expect(Number(response.headers()["content-length"])).toBeLessThanOrEqual(4096);
  await expect(page.locator("script[src]")).toHaveCount(1);
});

test("the colours are there before anything is painted", async ({ page, script }) => {
  test.skip(!script, "without a script the system decides");
  await page.emulateMedia({ colorScheme: "light" });
  await page.goto("/");
  await page.evaluate(() => localStorage.setItem("theme", "dark"));
  await page.route("**/enhance.*.js", (route) => route.fulfill({ contentType: "text/javascript", body: "" }));
  await page.goto("/docs/debian");
  await expect(page.locator("html")).toHaveAttribute("data-theme", "dark");
  await page.unrouteAll();
});

test("Ctrl K and arrows lead from anywhere to what was found", async ({ page, script }) => {
  test.skip(!script, "needs the script");
  await page.goto("/docs/debian");
  await page.keyboard.press("Control+k");
  await expect(page).toHaveURL(/\/search$/);
  await page.keyboard.press("Control+k");
  await page.keyboard.type("ubuntu");
  await expect(page.locator(".hits li > a").first()).toBeVisible();
  await page.keyboard.press("ArrowDown");
  await expect(page.locator(".hits li > a").first()).toBeFocused();
  await page.keyboard.press("ArrowUp");
  await expect(page.getByRole("searchbox")).toBeFocused();
  await page.goto("/");
  await page.keyboard.press("/");
  await page.keyboard.type("rustup");
  await page.keyboard.press("ArrowDown");
  await page.keyboard.press("Enter");
  await expect(page).toHaveURL(/\/docs\/rustup$/);
});

// The page of a mirror's past with something on it.
// @ts-check

import { expect, pastTest as test } from "./fixtures.js";

test("charts have names, descriptions and shapes", async ({ page }) => {
  await page.goto("/en/status/debian");
  const runs = page.getByRole("img", { name: "Runs by day" });
  await expect(runs).toBeVisible();
  await expect(runs).toHaveAccessibleDescription(/3 good, 2 failed/);
  await expect(page.getByRole("img", { name: "Size of the mirror" })).toBeVisible();
  expect(await runs.locator("rect.good").count()).toBe(3);
  expect(await runs.locator("rect.bad").count()).toBe(2);
  const box = await runs.locator("rect.bad").first().boundingBox();
  const other = await runs.locator("rect.good").first().boundingBox();
  expect(box && other && box.y > other.y, "failed runs point down").toBe(true);
  await expect(page.getByText("60.0 % (3 of 5 runs)")).toBeVisible();
});

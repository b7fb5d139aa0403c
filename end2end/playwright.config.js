import { defineConfig } from "@playwright/test";

import { CHROMIUM } from "./site.js";

/** Every journey runs twice: with the script and without any. */
export default defineConfig({
  testDir: "tests",
  fullyParallel: true,
  workers: 2,
  forbidOnly: Boolean(process.env.CI),
  reporter: [["list"]],
  outputDir: "test-results",
  timeout: 60_000,
  expect: { timeout: 10_000 },
  use: {
    browserName: "chromium",
    launchOptions: CHROMIUM,
    locale: "zh-CN",
    actionTimeout: 10_000,
    navigationTimeout: 20_000,
    trace: process.env.TRACE ? "retain-on-failure" : "off",
    screenshot: "only-on-failure",
  },
  projects: [
    { name: "script", use: { javaScriptEnabled: true } },
    { name: "no-script", use: { javaScriptEnabled: false } },
  ],
});

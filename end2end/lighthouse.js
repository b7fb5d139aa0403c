// Lighthouse, preset for phones, on every kind of page that people open: `../test lighthouse`. Ends with 1 below 100.
// @ts-check

import { createRequire } from "node:module";
import { resolve } from "node:path";
import { pathToFileURL } from "node:url";

import { CHROMIUM, startSite } from "./site.js";

/** Where `../test` has installed it: it weighs more than all other tools together. */
const require = createRequire(pathToFileURL(resolve(process.argv[2] ?? ".", "node_modules/")));
const { default: lighthouse } = await import(pathToFileURL(require.resolve("lighthouse")).href);
const { launch } = await import(pathToFileURL(require.resolve("chrome-launcher")).href);

const PATHS = ["/", "/docs/debian", "/search", "/debian/", "/status", "/downloads", "/stats", "/en/", "/en/docs/pypi"];

const site = await startSite();
// A site that has just started is still making its index, on the processor that is measured.
while (!(await fetch(`${site.url}/api/v1/files?q=debian`)).ok) await new Promise((resolve) => setTimeout(resolve, 100));
const browser = await launch({ chromePath: CHROMIUM.executablePath, chromeFlags: ["--headless", ...CHROMIUM.args] });
let worst = 1;
try {
  for (const path of PATHS) {
    const run = await lighthouse(site.url + path, { port: browser.port, logLevel: "error", output: "json" });
    if (!run) throw new Error(`no report for ${path}`);
    const categories = Object.values(run.lhr.categories);
    const scores = categories.map(({ title, score }) => `${title} ${Math.round((score ?? 0) * 100)}`);
    console.log(`${path.padEnd(16)} ${scores.join("  ")}`);
    for (const { title, score, auditRefs } of categories) {
      worst = Math.min(worst, score ?? 0);
      for (const { id, weight } of auditRefs) {
        const audit = run.lhr.audits[id];
        if (weight && audit && audit.score !== null && audit.score < 0.9) {
          console.log(`  ${title}: ${audit.title} ${audit.displayValue ?? ""}`);
        }
      }
    }
  }
} finally {
  browser.kill();
  await site.stop();
}
process.exitCode = worst < 1 ? 1 : 0;

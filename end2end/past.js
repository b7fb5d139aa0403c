// A site on which something has happened: runs good and bad, requests counted, several host names, a visitor on campus.
// @ts-check

import { mkdtemp, rename, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { startSite } from "./site.js";

/** Seconds since 1970. */
const now = Math.floor(Date.now() / 1000);

/**
 * One job as tunasync's manager tells it.
 * @param {string} name
 * @param {string} status
 * @param {number} success Hours since the last good run.
 * @param {number} ended Hours since the last run.
 * @param {string} size
 */
const job = (name, status, success, ended, size) => ({
  name,
  status,
  last_update_ts: now - success * 3600,
  last_ended_ts: now - ended * 3600,
  size,
});

/** What does not change: every state, and mirrors with and without a size. */
const OTHERS = [
  job("ubuntu", "success", 3, 3, "2.8T"),
  job("archlinux", "syncing", 7, 7, "120G"),
  job("pypi", "failed", 90, 2, "32T"),
  job("CTAN", "paused", 500, 500, "80G"),
  job("anaconda", "pre-syncing", 30, 30, "unknown"),
  job("openwrt", "success", 400, 400, "1.1T"),
];

/** Answers of the backend about one mirror, one after the other. */
const ANSWERS = [
  job("debian", "success", 200, 200, "1.0T"),
  job("debian", "success", 150, 150, "1.2T"),
  job("debian", "failed", 150, 100, "1.2T"),
  job("debian", "failed", 150, 50, "1.2T"),
  job("debian", "success", 1, 1, "1.4T"),
];

/** Requests of the last two weeks, as nginx logs them. */
function accessLog() {
  const months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
  const two = (/** @type {number} */ number) => String(number).padStart(2, "0");
  const targets = ["/ubuntu/dists/noble/InRelease", "/debian/pool/main/v/vim/vim.deb", "/pypi/web/simple/pip/", "/CTAN/README", "/"];
  const clients = ["Debian APT-HTTP/1.3", "pip/25.3", "Mozilla/5.0 (X11; Linux x86_64) Firefox/145.0", "curl/8.17.0"];
  const lines = [];
  for (let day = 14; day >= 0; day -= 1) {
    const time = new Date((now - day * 86400) * 1000);
    const date = `${two(time.getUTCDate())}/${months[time.getUTCMonth()]}/${time.getUTCFullYear()}:00:00:01 +0000`;
    for (let count = 0; count < 40 + 9 * (day % 5); count += 1) {
      const target = targets[(count * count) % targets.length];
      const client = clients[count % clients.length];
      lines.push(`192.0.2.${count % 7} - - [${date}] "GET ${target} HTTP/1.1" 200 ${1000000 * (1 + (count % 9))} "-" "${client}"`);
    }
  }
  return `${lines.join("\n")}\n`;
}

/** Asks until it is so. @param {() => Promise<boolean>} isSo */
async function until(isSo) {
  for (let tries = 0; tries < 200; tries += 1) {
    if (await isSo().catch(() => false)) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error("the site does not take up what was written for it");
}

/**
 * Starts the site and lets it see five runs.
 * @returns {Promise<import("./site.js").Site>}
 */
export async function startPastSite() {
  const folder = await mkdtemp(join(tmpdir(), "mingjing-past-"));
  const jobs = join(folder, "jobs.json");
  /** @param {unknown} answer */
  const say = async (answer) => {
    await writeFile(`${jobs}.new`, JSON.stringify([answer, ...OTHERS]));
    await rename(`${jobs}.new`, jobs);
  };
  await say(ANSWERS[0]);
  await writeFile(join(folder, "access.log"), accessLog());
  const config = join(folder, "site.toml");
  await writeFile(
    config,
    `[site]
base_url = "http://mirror.example"
name = { zh = "示例镜像站", en = "Example Mirror" }
rsync = "rsync://mirror.example/"
[[site.notice]]
zh = "周六凌晨两点到六点停机维护，期间无法访问。"
en = "Maintenance on Saturday from two to six in the morning; the site is down meanwhile."
[network]
campus = ["127.0.0.0/8"]
[[network.host]]
name = "mirror.example"
family = "both"
[[network.host]]
name = "mirror-v6.example"
family = "ipv6"
[[network.host]]
name = "mirror-lan.example"
family = "ipv4"
campus = true
note = { zh = "校内直连，不计流量。", en = "Direct on campus, not metered." }
[stats]
access_log = "${join(folder, "access.log")}"
[[backend]]
tunasync.url = "file://${jobs}"
tunasync.interval = "100ms"
`,
  );
  const site = await startSite(config);
  const json = async (/** @type {string} */ path) => (await fetch(site.url + path)).json();
  for (const [place, answer] of ANSWERS.entries()) {
    await say(answer);
    await until(async () => (await json("/api/v1/mirrors/debian/history")).figures.runs === place + 1);
  }
  return {
    ...site,
    async stop() {
      await site.stop();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/**
 * The pages that look otherwise than on a new site.
 * @type {typeof import("./site.js").PAGES}
 */
export const PAST_PAGES = {
  "past-list": { path: "/" },
  "past-details": { path: "/?view=details&state=failed" },
  "past-status": { path: "/status" },
  "past-history": { path: "/status/debian" },
  "past-stats": { path: "/stats" },
  "past-network": { path: "/network" },
  "past-guide": { path: "/docs/debian" },
};

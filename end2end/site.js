// The program under test, and the browser it is tested with.
// @ts-check

import { spawn } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

/** Debian's Chromium, kept from calling anybody. */
export const CHROMIUM = {
  executablePath: process.env.CHROMIUM_BIN ?? "/usr/bin/chromium",
  args: [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--no-first-run",
    "--disable-component-update",
    "--disable-sync",
  ],
};

const BINARY =
  process.env.MINGJING_BIN ?? fileURLToPath(new URL("../target/debug/mingjing", import.meta.url));

/**
 * @typedef {object} Site
 * @property {string} url Scheme, host and port.
 * @property {string} state Folder with the demo tree below `mirrors/`.
 * @property {() => Promise<void>} stop Ends the program and removes what it wrote.
 */

/**
 * Starts the embedded demo site in a folder of its own, on a port that the system picks.
 * @param {string} [config] Configuration instead of the embedded one.
 * @returns {Promise<Site>}
 */
export async function startSite(config) {
  const state = await mkdtemp(join(tmpdir(), "mingjing-e2e-"));
  const { MINGJING_CONFIG: _config, MINGJING_CONTENT: _content, RUST_LOG: _log, ...rest } = process.env;
  const program = spawn(BINARY, ["serve"], {
    env: { ...rest, MINGJING_STATE: state, MINGJING_LISTEN: "127.0.0.1:0", ...(config && { MINGJING_CONFIG: config }) },
    stdio: ["ignore", "ignore", "pipe"],
  });
  const end = () => program.kill("SIGKILL");
  process.once("exit", end);
  const exited = new Promise((resolve) => program.once("exit", resolve));

  let log = "";
  /** @type {string} */
  const url = await new Promise((resolve, reject) => {
    program.once("error", (error) => reject(new Error(`cannot run ${BINARY}: ${error.message}`)));
    program.once("exit", (code) => reject(new Error(`${BINARY} ended with ${code}:\n${log}`)));
    program.stderr.setEncoding("utf8").on("data", (text) => {
      log += text;
      const match = /listening on (http:\/\/[\d.]+:\d+)/.exec(log);
      if (match?.[1]) resolve(match[1]);
    });
  });

  return {
    url,
    state,
    async stop() {
      program.kill("SIGTERM");
      const timer = setTimeout(end, 5000);
      await exited;
      clearTimeout(timer);
      process.removeListener("exit", end);
      await rm(state, { recursive: true, force: true });
    },
  };
}

/**
 * One address of every kind of page, below the language prefix.
 * @type {Record<string, { path: string, status?: number }>}
 */
export const PAGES = {
  list: { path: "/" },
  "list-details": { path: "/?view=details&sort=content" },
  "list-narrow": { path: "/?category=system&sort=size" },
  "list-empty": { path: "/?q=no-such-mirror-anywhere" },
  docs: { path: "/docs/" },
  guide: { path: "/docs/debian" },
  "guide-options": { path: "/docs/ubuntu?release=focal&format=list&proposed=on" },
  "guide-many": { path: "/docs/fedora" },
  "guide-channels": { path: "/docs/anaconda" },
  "guide-topic": { path: "/docs/npm" },
  "guide-tools": { path: "/docs/pypi?tool=uv" },
  "guide-pending": { path: "/docs/alpine" },
  downloads: { path: "/downloads" },
  "downloads-none": { path: "/downloads?q=no-such-thing" },
  search: { path: "/search" },
  "search-results": { path: "/search?q=debian" },
  "search-files": { path: "/search/files?q=iso&ext=iso" },
  "search-copies": { path: "/search?q=hello-2.12.99" },
  "search-nothing": { path: "/search?q=qqqzzzxxx" },
  "search-without": { path: "/search/files?q=debian+iso+nonsensical" },
  "search-wrong": { path: "/search?q=size%3Awrong+iso" },
  status: { path: "/status" },
  "history-none": { path: "/status/debian" },
  network: { path: "/network" },
  stats: { path: "/stats" },
  news: { path: "/news/" },
  "news-item": { path: "/news/2026-11-21-mingjing" },
  api: { path: "/api/docs" },
  about: { path: "/about" },
  faq: { path: "/faq" },
  listing: { path: "/debian/dists/trixie/" },
  "listing-readme": { path: "/gnu/" },
  "listing-odd": { path: "/gnu/odd-names/?sort=time&order=desc" },
  "error-404": { path: "/debian/dists/no-such-suite/InRelease", status: 404 },
  "error-410": { path: "/ius/", status: 410 },
  "error-400": { path: "/docs/debian?release=etch", status: 400 },
};

export const LANGUAGES = /** @type {const} */ ({ zh: "", en: "/en" });

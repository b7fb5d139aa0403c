// Pictures in ../public, drawn anew by `npm run icons`:
// icons.svg, a sheet of the marks that a `mirror.toml` or `guide.toml` names as `icon = "…"`: Simple Icons (CC0 1.0), on a
// grid of 96 units, which is enough for small sizes; and the site's own mark where browsers and other sites want pixels.
// @ts-check

import { readFile, readdir, writeFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";

import { chromium } from "@playwright/test";
import * as simpleIcons from "simple-icons";
import { optimize } from "svgo";

import { CHROMIUM } from "./site.js";

/** Units of the grid on which points are rounded, for each of the 24 of an original. */
const SCALE = 4;
const SIZE = 24 * SCALE;

/** @param {string} path A folder below the project, or a file in one. */
const place = (path) => fileURLToPath(new URL(`../${path}`, import.meta.url));

/** @type {Set<string>} */
const wanted = new Set();
for (const [folder, file] of [["content/mirrors", "mirror.toml"], ["content/guides", "guide.toml"]]) {
  for (const id of await readdir(place(`${folder}`))) {
    const facts = await readFile(place(`${folder}/${id}/${file}`), "utf8").catch(() => "");
    const icon = /^icon = "([a-z0-9]+)"$/m.exec(facts)?.[1];
    if (icon) wanted.add(icon);
  }
}

/** @type {Map<string, string>} Outlines by name. */
const outlines = new Map(
  Object.values(simpleIcons).flatMap((icon) => ("path" in icon ? [[icon.slug, icon.path]] : [])),
);

/** @param {string} name */
function symbol(name) {
  const outline = outlines.get(name);
  if (!outline) throw new Error(`Simple Icons has no “${name}”`);
  const drawing = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${SIZE} ${SIZE}"><path transform="scale(${SCALE})" d="${outline}"/></svg>`;
  const { data } = optimize(drawing, {
    multipass: true,
    plugins: [{ name: "preset-default", params: { overrides: { convertPathData: { floatPrecision: 0, transformPrecision: 5 } } } }],
  });
  const paths = [...data.matchAll(/ d="([^"]+)"/g)].map((match) => match[1]).join("");
  return `<symbol id="${name}" viewBox="0 0 ${SIZE} ${SIZE}"><path d="${paths}"/></symbol>`;
}

const sheet = [...wanted].sort().map(symbol);
await writeFile(place("public/icons.svg"), `<svg xmlns="http://www.w3.org/2000/svg">\n${sheet.join("\n")}\n</svg>\n`);
console.log(`${sheet.length} icons`);

const mark = await readFile(place("public/favicon.svg"), "utf8");
const browser = await chromium.launch(CHROMIUM);
for (const [file, width, height, size] of /** @type {const} */ ([
  ["apple-touch-icon.png", 180, 180, 132],
  ["social.png", 1200, 630, 340],
])) {
  const page = await browser.newPage({ viewport: { width, height } });
  await page.setContent(`<body style="margin:0;height:100vh;display:grid;place-items:center;background:#003f88">${mark}</body>`);
  await page.locator("svg").evaluate((svg, size) => svg.setAttribute("width", String(size)), size);
  await page.locator("circle").evaluate((circle) => circle.setAttribute("stroke", "#c9daf0"));
  await page.screenshot({ path: place(`public/${file}`) });
}
await browser.close();

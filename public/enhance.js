// Makes pages quicker; every page works without it.
// @ts-check

const root = document.documentElement;

/** What is remembered in this browser, where browsers allow it. */
const memory = {
  /** @param {string} key */
  get(key) { try { return localStorage.getItem(key) ?? ""; } catch { return ""; } },
  /** @param {string} key @param {string} value */
  set(key, value) {
    try { if (value) localStorage.setItem(key, value); else localStorage.removeItem(key); } catch { /* not allowed */ }
  },
};

/**
 * A button in the place that the page keeps for it: without a script it would do nothing.
 * @param {string} className
 * @param {(button: HTMLButtonElement) => void} press
 */
function makeButton(className, press) {
  const button = document.createElement("button");
  button.type = "button";
  button.className = className;
  button.addEventListener("click", () => press(button));
  return button;
}

/** @param {Element} button @param {string} label */
function name(button, label) {
  button.setAttribute("aria-label", label);
  button.setAttribute("title", label);
}

/** As the system, light, dark. The choice is put in place early, by the script in the head. */
for (const place of document.querySelectorAll("[data-theme-switch]")) {
  const labels = place.getAttribute("data-theme-switch")?.split("|") ?? [];
  const themes = ["", "light", "dark"];
  const at = () => Math.max(0, themes.indexOf(root.dataset.theme ?? ""));
  const button = makeButton("theme", () => {
    root.dataset.theme = themes[(at() + 1) % 3] ?? "";
    memory.set("theme", root.dataset.theme);
    name(button, labels[at()] ?? "");
  });
  name(button, labels[at()] ?? "");
  place.replaceWith(button);
}

/** @type {Record<string, string>} Names of the favourites by page. */
let stars = {};
try { stars = JSON.parse(memory.get("stars") || "{}"); } catch { /* begin anew */ }

/** @param {string} page @param {string} title @param {string[]} labels */
function starButton(page, title, labels) {
  const show = () => {
    name(button, (labels[page in stars ? 1 : 0] ?? "").replace("{0}", title));
    button.setAttribute("aria-pressed", String(page in stars));
  };
  const button = makeButton("star", () => {
    if (page in stars) delete stars[page]; else stars[page] = title;
    memory.set("stars", JSON.stringify(stars));
    show();
  });
  show();
  return button;
}

/** Own favourites stand before those of the site; their row keeps its height. */
const favourites = document.querySelector("[data-stars]");
const starLabels = favourites?.getAttribute("data-stars")?.split("|") ?? [];
const prefix = root.lang === "en" ? "/en" : "";
for (const [page, title] of Object.entries(stars).reverse()) {
  const link = document.createElement("a");
  link.href = prefix + page;
  link.className = "own";
  const row = document.querySelector(`#mirrors th a[href="${CSS.escape(link.pathname)}"]`);
  link.textContent = row?.textContent ?? title;
  for (const item of favourites?.children ?? []) {
    if (item.querySelector("a")?.pathname === link.pathname) item.remove();
  }
  const item = document.createElement("li");
  item.append(link);
  favourites?.prepend(item);
}

/** @param {HTMLElement} code */
async function copy(code) {
  try {
    await navigator.clipboard.writeText(code.textContent ?? "");
  } catch {
    // Without TLS there is no clipboard to write to, but a selection can be copied.
    getSelection()?.selectAllChildren(code);
    document.execCommand("copy");
  }
}

/** @param {ParentNode} within */
function enhance(within) {
  for (const place of within.querySelectorAll("[data-copy]")) {
    const { copy: selector, label, done } = /** @type {HTMLElement} */ (place).dataset;
    const button = makeButton("copy", async () => {
      const code = document.querySelector(selector ?? "");
      if (code instanceof HTMLElement) await copy(code);
      button.textContent = done ?? "";
      setTimeout(() => { button.textContent = label ?? ""; }, 1500);
    });
    button.textContent = label ?? "";
    place.replaceWith(button);
  }
  for (const place of within.querySelectorAll("[data-star]")) {
    const { star, name: title, labels } = /** @type {HTMLElement} */ (place).dataset;
    place.replaceWith(starButton(star ?? "", title ?? "", labels?.split("|") ?? []));
  }
  for (const what of within.querySelectorAll("#mirrors .what")) {
    const link = what.querySelector("a");
    const page = link?.pathname.slice(prefix.length) ?? "";
    what.append(starButton(page, link?.textContent ?? "", starLabels));
  }
  for (const place of within.querySelectorAll("[data-last]")) {
    const page = place.closest("form")?.dataset.remember ?? "";
    const last = memory.get(`choice:${page}`);
    if (!last || last === location.search) continue;
    const link = document.createElement("a");
    link.href = prefix + page + last;
    link.textContent = place.getAttribute("data-last");
    place.replaceWith(link);
  }
  const box = document.querySelector("input[data-filter]");
  if (box instanceof HTMLInputElement && box.value) filter(box);
}

/**
 * Hides the rows that do not hold every word.
 * @param {HTMLInputElement} box
 */
function filter(box) {
  const rows = document.querySelectorAll(`${box.dataset.filter} tbody tr:not(.parent)`);
  const words = box.value.toLowerCase().split(/\s+/).filter(Boolean);
  let shown = 0;
  for (const row of rows) {
    const text = `${/** @type {HTMLElement} */ (row).dataset.words ?? ""} ${row.textContent}`.toLowerCase();
    const match = words.every((word) => text.includes(word));
    /** @type {HTMLElement} */ (row).hidden = !match;
    if (match) shown += 1;
  }
  const output = document.querySelector("[data-shown]");
  if (output) output.textContent = (output.textContent ?? "").replace(/\d+/, String(shown));
  const empty = /** @type {HTMLElement | null} */ (document.querySelector("[data-empty]"));
  if (empty) empty.textContent = shown > 0 ? "" : empty.dataset.empty ?? "";
}

/**
 * Fetches what a form would load and swaps the one part that changed.
 * @param {HTMLFormElement} form
 * @param {AbortSignal} signal
 * @param {"push" | "replace"} how
 */
async function swap(form, signal, how) {
  const url = new URL(form.action);
  const fields = [...new FormData(form)].filter(([key, value]) => value !== "" && key !== "q");
  const words = document.querySelector("input[data-filter]") ?? form.querySelector("[name=q]");
  if (words instanceof HTMLInputElement && words.value.trim()) fields.unshift(["q", words.value]);
  url.search = new URLSearchParams(/** @type {any} */ (fields)).toString();
  const response = await fetch(url, { signal, headers: { accept: "text/html" } });
  if (!response.ok) { location.assign(url); return; }
  const page = new DOMParser().parseFromString(await response.text(), "text/html");
  const target = form.dataset.swap ?? "";
  const fresh = page.querySelector(target);
  const old = document.querySelector(target);
  if (!fresh || !old) { location.assign(url); return; }
  // A field or a link of the part that goes keeps the focus in the part that comes.
  const active = old.contains(document.activeElement) ? document.activeElement : null;
  const name = active?.hasAttribute("name") ? "name" : "href";
  const focus = active?.getAttribute(name);
  old.replaceWith(fresh);
  history[how === "push" ? "pushState" : "replaceState"](null, "", response.url);
  shown = address();
  if (form.dataset.remember) memory.set(`choice:${form.dataset.remember}`, location.search);
  enhance(fresh);
  if (focus) {
    const again = fresh.querySelector(`[${name}="${CSS.escape(focus)}"]:not([type=hidden])`);
    if (again instanceof HTMLElement) again.focus({ preventScroll: true });
  }
  document.title = page.title;
  const other = page.querySelector("a[hreflang]");
  if (other) document.querySelector("a[hreflang]")?.replaceWith(other);
}

/** What the page shows; a change of the fragment alone changes nothing. */
const address = () => location.pathname + location.search;
let shown = address();

let running = new AbortController();
let timer = 0;

/**
 * @param {HTMLFormElement} form
 * @param {"push" | "replace"} how
 */
function begin(form, how) {
  clearTimeout(timer);
  running.abort();
  running = new AbortController();
  swap(form, running.signal, how).catch((error) => {
    if (error.name !== "AbortError") form.submit();
  });
}

document.addEventListener("submit", (event) => {
  const form = /** @type {HTMLFormElement} */ (event.target);
  if (!form.dataset.swap) return;
  event.preventDefault();
  begin(form, "push");
});

document.addEventListener("change", (event) => {
  const field = /** @type {HTMLElement} */ (event.target);
  const form = field.closest("form");
  if (form?.dataset.swap && field.matches("select, [type=checkbox]")) begin(form, "push");
});

document.addEventListener("input", (event) => {
  const field = /** @type {HTMLElement} */ (event.target);
  let form = field.closest("form");
  if (field instanceof HTMLInputElement && field.dataset.filter) {
    // Rows that the server has left out for other words have to come from there.
    const narrowed = document.querySelector("form[data-swap] [name=q][type=hidden]");
    if (narrowed) form = narrowed.closest("form");
    else filter(field);
  }
  if (!form?.dataset.swap || !field.matches("[type=search], [name=ext]")) return;
  clearTimeout(timer);
  timer = setTimeout(() => begin(form, "replace"), 120);
});

addEventListener("popstate", () => { if (address() !== shown) location.reload(); });

/** What the arrow keys walk through: the box, then what it found. */
const stops = () => [
  ...document.querySelectorAll("[data-focus-key], .hits li > a, #mirrors tr:not([hidden]) th a:not(.official), #entries tr:not([hidden]) th a"),
];

/** `/` and Ctrl K go to the box that the page marks, or to the search; arrows go through what was found. */
document.addEventListener("keydown", (event) => {
  const at = document.activeElement;
  const jump = (event.ctrlKey || event.metaKey) && event.key === "k";
  const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  if (jump || (event.key === "/" && !event.ctrlKey && !event.metaKey && !event.altKey && !at?.matches("input, textarea, select"))) {
    const box = document.querySelector("[data-focus-key]");
    if (!box && !jump) return;
    event.preventDefault();
    if (box instanceof HTMLInputElement) box.select(); else location.assign(`${prefix}/search`);
  } else if (step && at && !event.ctrlKey && !event.altKey && !event.shiftKey) {
    const all = stops();
    const next = all[all.indexOf(at) + step];
    if (!all.includes(at) || !(next instanceof HTMLElement)) return;
    event.preventDefault();
    next.focus();
  }
});

enhance(document);

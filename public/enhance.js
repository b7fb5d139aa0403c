// Makes pages quicker; every page works without it.
// @ts-check

const root = document.documentElement;

/** Light or dark, when the visitor chose one; otherwise the system decides. */
const remembered = localStorage.getItem("theme");
if (remembered) root.dataset.theme = remembered;

/** Buttons are made here: without a script they would do nothing. */
for (const place of document.querySelectorAll("[data-theme-switch]")) {
  const button = document.createElement("button");
  button.type = "button";
  button.className = "theme";
  button.title = /** @type {HTMLElement} */ (place).dataset.themeSwitch ?? "";
  button.setAttribute("aria-label", button.title);
  button.addEventListener("click", () => {
    const dark = root.dataset.theme
      ? root.dataset.theme === "dark"
      : matchMedia("(prefers-color-scheme: dark)").matches;
    root.dataset.theme = dark ? "light" : "dark";
    localStorage.setItem("theme", root.dataset.theme);
  });
  place.replaceWith(button);
}

/** @param {ParentNode} within */
function enhance(within) {
  for (const place of within.querySelectorAll("[data-copy]")) {
    const { copy, label, done } = /** @type {HTMLElement} */ (place).dataset;
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = label ?? "";
    button.addEventListener("click", async () => {
      await navigator.clipboard.writeText(document.querySelector(copy ?? "")?.textContent ?? "");
      button.textContent = done ?? "";
      setTimeout(() => { button.textContent = label ?? ""; }, 1500);
    });
    place.replaceWith(button);
  }
}

/** Rows that do not hold every word are hidden while typing. */
for (const input of document.querySelectorAll("input[data-filter]")) {
  const box = /** @type {HTMLInputElement} */ (input);
  box.addEventListener("input", () => {
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
  });
}

/**
 * Fetches what a form would load and swaps the one part that changed.
 * @param {HTMLFormElement} form
 * @param {AbortSignal} signal
 * @param {"push" | "replace"} how
 */
async function swap(form, signal, how) {
  const url = new URL(form.action);
  url.search = new URLSearchParams(/** @type {any} */ (new FormData(form))).toString();
  const response = await fetch(url, { signal, headers: { accept: "text/html" } });
  if (!response.ok) { location.assign(url); return; }
  const page = new DOMParser().parseFromString(await response.text(), "text/html");
  const target = form.dataset.swap ?? "";
  const fresh = page.querySelector(target);
  const old = document.querySelector(target);
  if (!fresh || !old) { location.assign(url); return; }
  const focus = document.activeElement?.getAttribute("name");
  old.replaceWith(fresh);
  enhance(fresh);
  if (focus && form.contains(document.activeElement) === false) {
    const again = document.querySelector(`${target} [name="${CSS.escape(focus)}"]:not([type=hidden])`);
    if (again instanceof HTMLElement) again.focus({ preventScroll: true });
  }
  history[how === "push" ? "pushState" : "replaceState"](null, "", response.url);
  shown = address();
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
  if (!form) return;
  if (form.dataset.swap && field.matches("select, [type=checkbox]")) begin(form, "push");
  else if (form.matches(".filter") && field.matches("select")) form.submit();
});

document.addEventListener("input", (event) => {
  const field = /** @type {HTMLElement} */ (event.target);
  const form = field.closest("form");
  if (!form?.dataset.swap || !field.matches("[type=search], [name=ext]")) return;
  clearTimeout(timer);
  timer = setTimeout(() => begin(form, "replace"), 120);
});

addEventListener("popstate", () => { if (address() !== shown) location.reload(); });

/** `/` goes to the box that the page marks. */
document.addEventListener("keydown", (event) => {
  if (event.key !== "/" || event.ctrlKey || event.metaKey || event.altKey) return;
  const at = document.activeElement;
  if (at?.matches("input, textarea, select")) return;
  const box = document.querySelector("[data-focus-key]");
  if (!(box instanceof HTMLElement)) return;
  event.preventDefault();
  box.focus();
});

enhance(document);

// On /network: a click measures instead of downloading. Without this, the links download.
// @ts-check

const place = /** @type {HTMLElement} */ (document.querySelector("[data-speed]"));
const out = /** @type {HTMLElement} */ (document.querySelector("#measured"));

place.addEventListener("click", async (event) => {
  const link = /** @type {HTMLElement} */ (event.target).closest("a");
  if (!link) return;
  event.preventDefault();
  out.textContent = "…";
  const answer = await fetch(link.href, { cache: "no-store" });
  if (!answer.ok || !answer.body) {
    out.textContent = (await answer.text()).trim();
    return;
  }
  const start = performance.now();
  let bytes = 0;
  for (const reader = answer.body.getReader(); ;) {
    const { done, value } = await reader.read();
    if (done) break;
    bytes += value.length;
  }
  const rate = (bytes * 8) / (performance.now() - start) / 1000;
  out.textContent = (place.dataset.speed ?? "").replace("{0}", rate.toFixed(1));
});

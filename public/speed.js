// On /network: a click measures instead of downloading. Without this, the links download.
const place = document.querySelector("[data-speed]");
const out = document.querySelector("#measured");

place.addEventListener("click", async (event) => {
  const link = event.target.closest("a");
  if (!link) return;
  event.preventDefault();
  out.textContent = "…";
  const answer = await fetch(link.href, { cache: "no-store" });
  const start = performance.now();
  const body = await answer.blob();
  const rate = (body.size * 8) / (performance.now() - start) / 1000;
  out.textContent = answer.ok ? place.dataset.speed.replace("{0}", rate.toFixed(1)) : await body.text();
});

// The bar of jobs at the foot of the page. It stands before the page is shown, so it is not deferred, and
// touches htmx only once that is there.
//
// - What it showed on the page before is shown at once, and then fetched anew: nothing flashes.
// - It is fetched at most once a second, however much happens; less often from a server that is slow.
// - It is a guest on the page: it never leads elsewhere by itself, and complains of nothing.
(() => {
  "use strict";

  const GAP_MS = 1000;
  const SLOW = 4;
  const FRESH_MS = 60000;
  const region = document.getElementById("task-bar");
  const box = () => document.getElementById("job-bar");

  // A browser may forbid us to keep anything.
  const remember = (storage, key, value) => {
    try {
      if (value === null) window[storage].removeItem(key);
      else window[storage].setItem(key, value);
    } catch { /* Then it is as on the first visit. */ }
  };
  const recall = (storage, key) => {
    try {
      return window[storage].getItem(key);
    } catch {
      return null;
    }
  };

  // -- rows --------------------------------------------------------------------------------------------

  const SMALL = "panel:bar-small";

  const showRows = () => {
    const small = recall("localStorage", SMALL) !== null;
    region.classList.toggle("is-small", small);
    document.getElementById("bar-toggle")?.setAttribute("aria-expanded", String(!small));
  };
  region.addEventListener("click", (event) => {
    if (!event.target.closest("#bar-toggle")) return;
    remember("localStorage", SMALL, recall("localStorage", SMALL) === null ? "1" : null);
    showRows();
  });

  // Messages stand above it, and what gets the focus is not scrolled to below it.
  new ResizeObserver(() => {
    document.documentElement.style.setProperty("--panel-bar", `${region.offsetHeight}px`);
  }).observe(region);

  // -- what it showed on the page before -----------------------------------------------------------------

  const KEPT = "panel:bar";
  const owner = region.dataset.owner;

  const keep = () => remember("sessionStorage", KEPT, JSON.stringify({ owner, at: Date.now(), html: box().outerHTML }));

  const restore = () => {
    const kept = JSON.parse(recall("sessionStorage", KEPT) || "{}");
    if (kept.owner === owner && Date.now() - kept.at < FRESH_MS) box().outerHTML = kept.html;
  };
  restore();
  showRows();

  // -- fetching it anew ----------------------------------------------------------------------------------

  let asked = -Infinity;
  let took = 0;
  let waiting = 0;
  let again = 0;
  let away = false;

  const refresh = () => htmx.trigger(region, "panel:refresh");
  const isOurs = (event) => event.detail.elt === region || event.detail.requestConfig?.elt === region;
  const on = (name, act) => document.addEventListener(name, (event) => { if (isOurs(event)) act(event); });

  on("htmx:beforeRequest", (event) => {
    const wait = asked + Math.max(GAP_MS, took * SLOW) - performance.now();
    if (waiting || wait > 0) {
      event.preventDefault();
      waiting ||= setTimeout(() => { waiting = 0; refresh(); }, Math.max(wait, 0));
      return;
    }
    asked = performance.now();
  });
  on("htmx:afterRequest", () => {
    took = performance.now() - asked;
  });

  // What has just ended goes after a while, and a percentage grows, without an event.
  const refreshLater = () => {
    clearTimeout(again);
    if (!box().childElementCount) return;
    const wait = Number(box().dataset.again) * 1000;
    again = setTimeout(() => (away || document.hidden ? refreshLater() : refresh()), wait);
  };
  document.addEventListener("panel:live", (event) => { away = event.detail.state === "away"; });

  // -- a guest -------------------------------------------------------------------------------------------

  // Signed out meanwhile: a form that is being filled in stays where it is.
  on("htmx:beforeOnLoad", (event) => {
    if (event.detail.xhr.getResponseHeader("HX-Redirect")) event.preventDefault();
  });
  on("htmx:beforeSwap", (event) => {
    if (!event.detail.isError) return;
    event.detail.isError = event.detail.shouldSwap = false;
  });
  on("htmx:sendError", (event) => event.stopImmediatePropagation());

  // -- after each answer ---------------------------------------------------------------------------------

  // Told when it has become another since the last page, but not on the page that tells it itself.
  const SAID = "panel:bar-said";

  const say = () => {
    const { says, about } = box().dataset;
    const before = recall("sessionStorage", SAID);
    remember("sessionStorage", SAID, says || "");
    if (before === null || before === says || about === location.pathname) return;
    document.getElementById("bar-voice").textContent = says;
  };

  on("htmx:afterSwap", () => {
    showRows();
    keep();
    say();
    refreshLater();
  });
})();

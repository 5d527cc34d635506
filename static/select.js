// Rows of a list that are ticked, so that something is done to all of them. Without this script the ticks and
// buttons are a form like any other.
(() => {
  "use strict";

  const $ = (selector, root = document) => root.querySelector(selector);
  const $$ = (selector, root = document) => [...root.querySelectorAll(selector)];

  const show = (form) => {
    const boxes = $$("[data-pick]", form);
    const ticked = boxes.filter((box) => box.checked).length;
    const page = $("[data-pick-page]", form);
    page.checked = ticked > 0 && ticked === boxes.length;
    page.indeterminate = ticked > 0 && !page.checked;
    for (const box of boxes) box.closest("tr").toggleAttribute("data-picked", box.checked);

    const all = $("[data-pick-all]", form);
    if (all) {
      // Offered once the whole page is ticked: it is the next bigger thing.
      all.checked &&= page.checked;
      $("[data-pick-matching]", form).hidden = !page.checked;
    }
    const count = $("[data-pick-count]", form);
    const number = all?.checked ? count.dataset.pickCount : ticked;
    count.textContent = ticked ? `${number} selected` : "Select";
  };
  const showAll = () => $$("[data-pick-form]").forEach(show);

  // A tick with the shift key takes the rows since the last one along.
  let last = "";
  const tickRange = (form, box) => {
    const boxes = $$("[data-pick]", form);
    const [from, to] = [boxes.findIndex(({ id }) => id === last), boxes.indexOf(box)].sort((a, b) => a - b);
    if (from >= 0) for (const between of boxes.slice(from, to + 1)) between.checked = box.checked;
  };

  document.addEventListener("click", (event) => {
    const box = event.target;
    const form = box.closest?.("[data-pick-form]");
    if (!form || !box.matches("[data-pick], [data-pick-page], [data-pick-all]")) return;
    if (box.matches("[data-pick-page]")) for (const row of $$("[data-pick]", form)) row.checked = box.checked;
    if (box.matches("[data-pick]")) {
      if (event.shiftKey) tickRange(form, box);
      last = box.id;
    }
    show(form);
  });

  document.addEventListener("keydown", (event) => {
    if (event.key !== "x" || event.ctrlKey || event.metaKey || event.altKey || $("dialog[open]")) return;
    if (event.target.matches("input:not([data-pick]), select, textarea, [contenteditable]")) return;
    const box = $("[data-pick]", event.target.closest("tr") || document.createElement("tr"));
    if (!box) return;
    event.preventDefault();
    box.click();
  });

  // What is ticked stays so when the list is refreshed, as far as it is still there.
  let ticked = new Set();
  document.addEventListener("htmx:beforeSwap", () => {
    ticked = new Set($$("[data-pick]:checked, [data-pick-all]:checked").map((box) => box.id));
  });
  document.addEventListener("htmx:afterSwap", () => {
    for (const box of $$("[data-pick], [data-pick-all]")) box.checked ||= ticked.has(box.id);
    showAll();
  });
  window.addEventListener("pageshow", showAll);
})();

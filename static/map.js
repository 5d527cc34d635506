// The map of a pool: one stop of the Tab key, arrow keys from field to field. Without this script every
// field is a stop; the list below says the same.
(() => {
  "use strict";

  const fieldsOf = (map) => [...map.querySelectorAll(".map-fields a")];

  const stopAt = (map, field) => {
    for (const other of fieldsOf(map)) other.tabIndex = other === field ? 0 : -1;
  };

  const set = () => {
    for (const map of document.querySelectorAll("[data-map]")) {
      const fields = fieldsOf(map);
      const here = fields.find((field) => field === document.activeElement);
      if (fields.length) stopAt(map, here || fields[0]);
    }
  };

  // How many fields stand in a row is the style sheet's affair: those of the first row share their top.
  const width = (fields) => {
    const top = fields[0].offsetTop;
    const next = fields.findIndex((field) => field.offsetTop !== top);
    return next < 0 ? fields.length : next;
  };

  document.addEventListener("keydown", (event) => {
    const field = event.target.closest(".map-fields a");
    if (!field || event.ctrlKey || event.altKey || event.metaKey) return;
    const map = field.closest("[data-map]");
    const fields = fieldsOf(map);
    const at = fields.indexOf(field);
    const row = width([...field.parentElement.children]);
    const to = { ArrowLeft: at - 1, ArrowRight: at + 1, ArrowUp: at - row, ArrowDown: at + row, Home: 0, End: fields.length - 1 }[event.key];
    if (to === undefined) return;
    event.preventDefault();
    const next = fields[to];
    if (!next) return;
    stopAt(map, next);
    next.focus();
  });
  document.addEventListener("htmx:afterSettle", set);
  set();
})();

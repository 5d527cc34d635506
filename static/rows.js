// Rows of a form that can be added and taken away (a new jail's addresses). Without this script
// the button sends the form, and the server adds the row.
(() => {
  "use strict";

  const place = () => document.querySelector("[data-rows]");
  const rows = () => [...place().querySelectorAll("[data-row]")];

  const first = (row) => row.querySelector("select[name=pool], input:not([type=hidden])");

  // The server numbers rows by their order, so that its complaints find their place.
  const renumber = () => {
    rows().forEach((row, number) => {
      row.setAttribute("aria-label", `Address ${number + 1}`);
      row.id = `address-row-${number}`;
      for (const attribute of ["id", "for", "aria-describedby", "data-error-for"]) {
        for (const element of row.querySelectorAll(`[${attribute}]`)) {
          element.setAttribute(attribute, element.getAttribute(attribute).replace(/-\d+/, `-${number}`));
        }
      }
    });
    const single = rows().length < 2;
    for (const row of rows()) row.querySelector("[data-remove-row]").hidden = single;
  };

  const changed = () => {
    renumber();
    htmx.trigger(place().closest("form"), "panel:rows");
  };

  document.addEventListener("click", (event) => {
    const add = event.target.closest("[data-add-row]");
    const remove = event.target.closest("[data-remove-row]");
    if (add) {
      event.preventDefault();
      place().append(document.getElementById("address-row-template").content.cloneNode(true));
      renumber();
      first(rows().at(-1)).focus();
    } else if (remove) {
      const row = remove.closest("[data-row]");
      const near = row.previousElementSibling || row.nextElementSibling;
      row.remove();
      changed();
      first(near).focus();
    }
  });
  // A row that was filled in from a pool comes anew.
  document.addEventListener("htmx:oobAfterSwap", (event) => {
    if (event.detail.target.matches("[data-row]")) renumber();
  });
  renumber();
})();

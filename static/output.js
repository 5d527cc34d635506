// The page of a job: its output in whole lines, and a way back to its end.
(() => {
  "use strict";

  const box = document.getElementById("output");
  const toEnd = document.querySelector("[data-to-end]");
  if (!box || !toEnd) return;

  // Output comes in pieces that may end inside a line. Each piece is a block, so that adding one lays out
  // no other; what belongs to the line before is moved up to it.
  const joinLine = (piece) => {
    const before = piece.previousElementSibling;
    if (!before || !before.matches("pre") || before.dataset.step !== piece.dataset.step) return;
    const [last, next] = [before.lastChild, piece.firstChild];
    if (!last || !next || last.data.endsWith("\n")) return;
    const end = next.data.indexOf("\n") + 1 || next.length;
    last.appendData(next.data.slice(0, end));
    if (end === next.length) piece.remove();
    else next.deleteData(0, end);
  };

  const END_PX = 40;
  const show = () => {
    toEnd.hidden = box.scrollHeight - box.scrollTop - box.clientHeight < END_PX;
  };

  document.addEventListener("htmx:afterSwap", (event) => {
    if (event.detail.target !== box) return;
    const known = box.dataset.pieces | 0;
    const pieces = [...box.querySelectorAll("pre")];
    for (const piece of pieces.slice(known)) joinLine(piece);
    box.dataset.pieces = box.querySelectorAll("pre").length;
  });
  document.addEventListener("htmx:afterSettle", show);
  box.addEventListener("scroll", show, { passive: true });
  window.addEventListener("resize", show);
  toEnd.addEventListener("click", () => {
    box.scrollTop = box.scrollHeight;
    box.focus();
  });
  box.dataset.pieces = box.querySelectorAll("pre").length;
  show();
})();

// The page of a job: its output grows at its end, is read backwards from there, and never fills the page.
(() => {
  "use strict";

  const $ = (id) => document.getElementById(id);
  const box = $("output");
  const feed = $("output-feed");
  const toEnd = document.querySelector("[data-to-end]");
  if (!box || !feed || !toEnd) return;

  // Characters that the page holds; what is beyond them is dropped, and can be loaded again.
  const MOST = Number(box.dataset.most);
  // Small pieces that came one after the other become one of about this size.
  const SMALL = MOST / 128;
  const END_PX = 40;

  const pieces = () => $("output-pieces");
  const sizeOf = (piece) => piece.textContent.length;
  const atEnd = () => box.scrollHeight - box.scrollTop - box.clientHeight < END_PX;
  // While there is a way to later output, the page is not at its end, and does not follow it.
  const isDetached = () => !$("output-later").hidden;
  const show = () => {
    toEnd.hidden = !isDetached() && atEnd();
  };

  // -- what is dropped ---------------------------------------------------------------------------------

  const excess = () => [...pieces().children].reduce((sum, piece) => sum + sizeOf(piece), 0) - MOST;

  const dropFirst = () => {
    let left = excess();
    while (left > 0 && pieces().childElementCount > 1) {
      left -= sizeOf(pieces().firstElementChild);
      pieces().firstElementChild.remove();
      $("output-first").value = pieces().firstElementChild.dataset.place;
      $("output-earlier").hidden = false;
    }
  };

  const dropLast = () => {
    let left = excess();
    while (left > 0 && pieces().childElementCount > 1) {
      left -= sizeOf(pieces().lastElementChild);
      $("output-cursor").value = pieces().lastElementChild.dataset.place;
      $("output-later").hidden = false;
      pieces().lastElementChild.remove();
    }
  };

  // Output that comes a few lines at a time would become many thousands of pieces.
  const joinSmall = (piece) => {
    const before = piece.previousElementSibling;
    if (!before || before.id || piece.id || piece.children.length !== 1) return;
    const [from, into] = [piece.firstElementChild, before.lastElementChild];
    if (!from.matches("pre") || !into?.matches("pre") || from.dataset.step !== into.dataset.step) return;
    if (sizeOf(before) + sizeOf(piece) > SMALL) return;
    into.append(...from.childNodes);
    piece.remove();
  };

  // -- what is loaded ----------------------------------------------------------------------------------

  const swap = { kind: "" };

  const kindOf = (elt) => {
    if (elt.closest("#output-earlier")) return "earlier";
    if (elt.closest("#output-later")) return "later";
    return elt === feed ? "live" : "end";
  };

  // Whoever reads on stays where they are; panel.js would go to the end.
  const before = (event) => {
    if (event.detail.target !== pieces() || !event.detail.shouldSwap) return;
    swap.kind = kindOf(event.detail.requestConfig.elt);
    swap.last = pieces().lastElementChild;
    swap.follows = box.dataset.follow === "end";
    swap.scrolled = box.scrollTop;
    swap.wasDetached = isDetached();
    if (swap.kind === "earlier" || swap.kind === "later") box.dataset.follow = "";
    swap.anchor = swap.kind === "earlier" ? pieces().firstElementChild : swap.last;
    swap.top = swap.anchor && swap.anchor.getBoundingClientRect().top;
  };

  const keepPlace = () => {
    if (swap.kind === "live" && !swap.follows) box.scrollTop = swap.scrolled;
    if (swap.kind === "live" || swap.kind === "end" || !swap.anchor?.isConnected) return;
    box.scrollTop += swap.anchor.getBoundingClientRect().top - swap.top;
  };

  const after = () => {
    if (!swap.kind) return;
    const kind = swap.kind;
    if (kind === "live" && swap.last?.isConnected) {
      let piece = swap.last.nextElementSibling;
      while (piece) {
        const next = piece.nextElementSibling;
        joinSmall(piece);
        piece = next;
      }
    }
    if (kind === "earlier") dropLast();
    keepPlace();
    if (kind === "later" || swap.follows) {
      const [anchor, top] = [pieces().lastElementChild, pieces().lastElementChild?.getBoundingClientRect().top];
      dropFirst();
      if (kind === "later" && anchor) box.scrollTop += anchor.getBoundingClientRect().top - top;
    }
    if (kind === "end") box.scrollTop = box.scrollHeight;
    swap.kind = "";
    show();
    // What came while the page was not at its end was not asked for.
    if (swap.wasDetached && !isDetached()) htmx.trigger(feed, "panel:refresh");
  };

  document.addEventListener("htmx:beforeSwap", before);
  document.addEventListener("htmx:afterSwap", after);
  document.addEventListener("htmx:afterRequest", after);
  document.addEventListener("htmx:beforeRequest", (event) => {
    if (event.detail.elt !== feed) return;
    if (!isDetached() && !atEnd() && excess() > 0) $("output-later").hidden = false;
    if (isDetached()) event.preventDefault();
  });

  // -- the end -----------------------------------------------------------------------------------------

  const goToEnd = () => {
    if (isDetached()) htmx.ajax("GET", box.dataset.outputUrl, { target: "#output-pieces", swap: "innerHTML", source: box, values: { q: $("output-q").value } });
    box.scrollTop = box.scrollHeight;
    box.focus();
  };
  toEnd.addEventListener("click", goToEnd);
  box.addEventListener("click", (event) => {
    if (!event.target.closest("#output-last") || event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    goToEnd();
  });
  document.addEventListener("htmx:afterSettle", show);
  box.addEventListener("scroll", show, { passive: true });
  window.addEventListener("resize", show);

  // -- long lines --------------------------------------------------------------------------------------

  const WRAP = "panel-output-wrap";
  const wrap = $("output-wrap");
  const setWrap = (on) => {
    wrap.setAttribute("aria-pressed", String(on));
    box.classList.toggle("no-wrap", !on);
  };
  const remembered = () => {
    try {
      return localStorage.getItem(WRAP) !== "off";
    } catch {
      return true;
    }
  };
  wrap.addEventListener("click", () => {
    const on = wrap.getAttribute("aria-pressed") !== "true";
    setWrap(on);
    try {
      localStorage.setItem(WRAP, on ? "on" : "off");
    } catch { /* The browser keeps nothing for us. */ }
    show();
  });
  wrap.hidden = false;
  setWrap(remembered());

  // -- at the start ------------------------------------------------------------------------------------

  const hit = $("hit");
  if (box.dataset.opens === "start") box.scrollTop = 0;
  else box.scrollTop = box.scrollHeight;
  if (hit) box.scrollTop += hit.getBoundingClientRect().top - box.getBoundingClientRect().top - box.clientHeight / 3;
  show();
})();

// What the pages do beyond htmx and Tabler. Everything works without it, with a reload.
(() => {
  "use strict";

  const $ = (selector, root = document) => root.querySelector(selector);
  const $$ = (selector, root = document) => [...root.querySelectorAll(selector)];

  // -- times: kept true while the page is open, in the words of apps/pages/wording.py ------------------

  const serverAhead = Number(document.body.dataset.since || Date.now()) - Date.now();
  const STEPS = [["day", 86400], ["hour", 3600], ["minute", 60], ["second", 1]];
  const PARTS = [["d", 86400], ["h", 3600], ["min", 60], ["s", 1]];

  const secondsSince = (element) => (Date.now() + serverAhead - Date.parse(element.dateTime)) / 1000;

  const ago = (seconds) => {
    const distance = Math.abs(Math.trunc(seconds));
    if (distance < 10) return "just now";
    const [unit, size] = STEPS.find(([, length]) => distance >= length);
    const count = Math.floor(distance / size);
    const text = `${count} ${unit}${count === 1 ? "" : "s"}`;
    return seconds > 0 ? `${text} ago` : `in ${text}`;
  };

  const duration = (seconds) => {
    let left = Math.max(0, Math.floor(seconds));
    if (left < 1) return "0 s";
    const biggest = PARTS.findIndex(([, size]) => left >= size);
    const said = [];
    for (const [unit, size] of PARTS.slice(biggest, biggest + 2)) {
      const count = Math.floor(left / size);
      left -= count * size;
      if (count || !said.length) said.push(`${count} ${unit}`);
    }
    return said.join(" ");
  };

  const write = (element, text) => {
    if (element.textContent !== text) element.textContent = text;
  };

  const tellTimes = () => {
    for (const element of $$("time[data-ago]")) {
      const seconds = secondsSince(element);
      if (Math.abs(seconds) < 30 * 86400) write(element, ago(seconds));
    }
    for (const element of $$("time[data-elapsed]")) write(element, duration(secondsSince(element)));
  };
  setInterval(tellTimes, 1000);

  // -- messages in the corner ----------------------------------------------------------------------------

  const TOAST_MS = 8000;

  const settleToast = (toast) => {
    if (toast.matches(".toast-danger")) return;
    setTimeout(() => toast.remove(), TOAST_MS);
  };

  const toast = (title, message) => {
    const template = $("#toast-template");
    if (!template) return;
    const copy = template.content.cloneNode(true);
    $("[data-toast-title]", copy).textContent = title;
    $("[data-toast-message]", copy).textContent = message;
    $("#toasts").append(copy);
  };

  document.addEventListener("htmx:beforeSwap", (event) => {
    const { xhr, isError } = event.detail;
    if (!isError || /data-toast/.test(xhr.responseText)) return;
    event.detail.shouldSwap = false;
    if (event.detail.requestConfig.elt.dataset.liveFailed === String(xhr.status)) return;
    toast("That did not work", `The server answered with error ${xhr.status}. Trying again may help.`);
  });
  document.addEventListener("htmx:sendError", () => {
    toast("The panel does not answer", "Is this machine online, and the panel running? Nothing was changed.");
  });

  // -- live regions --------------------------------------------------------------------------------------

  const LIVE_TEXT = {
    idle: ["", ""],
    live: ["Live", "This page follows changes by itself."],
    away: ["Not live", "The event stream is gone: reload to see changes. It comes back by itself."],
  };

  const showLive = (state) => {
    const place = $("#live-state");
    if (!place || place.dataset.liveState === state) return;
    [place.textContent, place.title] = LIVE_TEXT[state];
    place.dataset.liveState = state;
  };
  document.addEventListener("panel:live", (event) => showLive(event.detail.state));

  // A region that someone is using is refreshed when they are done with it: a click would otherwise miss the
  // button that it began on, and the answer to a request would find its form gone.
  const inUse = (region) =>
    region.matches(":active") ||
    $(".dropdown-menu.show, .htmx-request", region) ||
    (region.contains(document.activeElement) && document.activeElement.matches("input:not([data-pick], [data-pick-page]), select, textarea"));

  // Asked before the request, and again before its answer is swapped in: a menu may have been opened meanwhile.
  const putOff = (region) => {
    if (!region.matches("[data-live]") || !inUse(region)) return false;
    region.dataset.liveWaiting = "";
    return true;
  };
  document.addEventListener("htmx:beforeRequest", (event) => {
    if (putOff(event.detail.elt)) event.preventDefault();
  });
  document.addEventListener("htmx:beforeSwap", (event) => {
    if (putOff(event.detail.requestConfig.elt)) event.detail.shouldSwap = false;
  });

  // Two answers for one place cross: the later one must find the place that the first has put there, and one that
  // was asked for under another address of the page, as before a search, is asked for again.
  const askedAt = new WeakMap();
  document.addEventListener("htmx:beforeSend", (event) => askedAt.set(event.detail.xhr, location.href));
  document.addEventListener("htmx:beforeOnLoad", (event) => { // a place that is gone would hear of no swap
    const { requestConfig: { elt: region }, target, xhr } = event.detail;
    if (region.matches("[data-live][hx-get='']") && askedAt.get(xhr) !== location.href) {
      event.preventDefault();
      setTimeout(() => htmx.trigger(region, "panel:refresh"));
    } else if (target && target.id && !target.isConnected) {
      event.detail.target = document.getElementById(target.id) || target;
    }
  });

  // What a region shows may be gone, or its host away: said once, not with each event.
  document.addEventListener("htmx:beforeSwap", (event) => {
    const region = event.detail.requestConfig.elt;
    if (!region.matches("[data-live]")) return;
    const status = event.detail.isError ? String(event.detail.xhr.status) : "";
    if (status && region.dataset.liveFailed === status) event.detail.shouldSwap = false;
    region.dataset.liveFailed = status;
  });

  const refreshWaiting = () => {
    for (const region of $$("[data-live-waiting]")) {
      if (inUse(region)) continue;
      delete region.dataset.liveWaiting;
      htmx.trigger(region, "panel:refresh");
    }
  };
  for (const done of ["hidden.bs.dropdown", "focusout", "pointerup", "htmx:afterRequest"]) {
    document.addEventListener(done, () => setTimeout(refreshWaiting));
  }

  // What someone has opened stays open when its region is refreshed.
  let opened = [];
  document.addEventListener("htmx:beforeSwap", () => {
    opened = $$("details[id][open]").map((details) => details.id);
  });
  document.addEventListener("htmx:afterSwap", () => {
    for (const id of opened) document.getElementById(id)?.setAttribute("open", "");
  });

  // A screen reader is told what became of a part that says it in data-say, not all that changed in it.
  const voice = document.createElement("div");
  voice.className = "visually-hidden";
  voice.setAttribute("role", "status");
  document.body.append(voice);
  const said = new Map($$("[data-say]").map((part) => [part.id, part.dataset.say]));
  document.addEventListener("htmx:afterSettle", () => {
    for (const { id, dataset } of $$("[data-say]")) {
      if (said.get(id) === dataset.say) continue;
      said.set(id, dataset.say);
      voice.textContent = dataset.say;
    }
  });

  // Output that grows keeps its end in sight, unless someone has scrolled up to read.
  const END_PX = 40;
  const atEnd = (box) => box.scrollHeight - box.scrollTop - box.clientHeight < END_PX;

  document.addEventListener("htmx:beforeSwap", () => {
    for (const box of $$("[data-follow]")) box.dataset.follow = atEnd(box) ? "end" : "";
  });
  document.addEventListener("htmx:afterSwap", () => {
    for (const box of $$("[data-follow='end']")) box.scrollTop = box.scrollHeight;
  });
  for (const box of $$("[data-follow]")) box.scrollTop = box.scrollHeight;

  // -- dialogs -------------------------------------------------------------------------------------------

  const dialog = () => $("#dialog");
  let opener = "";

  document.addEventListener("htmx:afterSwap", (event) => {
    if (event.detail.target === dialog() && !dialog().open) {
      opener = document.activeElement.id;
      dialog().showModal();
    }
    if (dialog() && dialog().open) checkTypedNames(dialog());
  });
  document.addEventListener("close", (event) => {
    if (event.target !== dialog()) return;
    dialog().replaceChildren();
    // The browser gives the focus back itself, but not to a button that was refreshed meanwhile.
    if (document.activeElement === document.body) document.getElementById(opener)?.focus();
  }, true);

  const checkTypedNames = (root) => {
    for (const input of $$("[data-typed-name]", root)) {
      const submit = $("button[type=submit]", input.form);
      if (submit) submit.disabled = input.value !== input.dataset.typedName;
    }
  };
  document.addEventListener("input", (event) => {
    if (event.target.matches("[data-typed-name]")) checkTypedNames(event.target.form);
  });

  // -- forms ---------------------------------------------------------------------------------------------

  // Empty filters do not belong in an address; the order does, and it may have changed since the bar was drawn.
  document.addEventListener("htmx:configRequest", (event) => {
    const { elt, verb, parameters } = event.detail;
    if (verb !== "get" || !elt.matches("[data-filter-bar]")) return;
    parameters.set("sort", new URLSearchParams(location.search).get("sort") || "");
    for (const [key, value] of [...parameters.entries()]) {
      if (value === "") parameters.delete(key);
    }
  });

  // A form that is checked while it is filled in says which fields have been left once; noted on the
  // way down, before htmx hears of the change and asks.
  document.addEventListener("change", (event) => {
    if (event.target.name && event.target.closest("[data-check]")) event.target.dataset.touched = "";
  }, true);
  document.addEventListener("htmx:configRequest", (event) => {
    const form = event.detail.elt.closest("[data-check]");
    if (!form) return;
    for (const field of $$("[data-touched]", form)) event.detail.parameters.append("touched", field.name);
  });

  const markInvalid = (root) => {
    for (const error of $$("[data-error-for]", root)) {
      const field = document.getElementById(error.dataset.errorFor);
      if (!field) continue;
      if (error.childElementCount) field.setAttribute("aria-invalid", "true");
      else field.removeAttribute("aria-invalid");
    }
  };
  document.addEventListener("htmx:oobAfterSwap", () => markInvalid(document));

  // -- clicks --------------------------------------------------------------------------------------------

  const copyText = async (text) => {
    if (navigator.clipboard && window.isSecureContext) return navigator.clipboard.writeText(text);
    const area = document.createElement("textarea");
    area.value = text;
    area.className = "visually-hidden";
    document.body.append(area);
    area.select();
    const done = document.execCommand("copy");
    area.remove();
    if (!done) throw new Error("the browser does not let us copy");
  };

  const copy = async (button) => {
    const source = $("[data-copy-source]", button.parentElement);
    try {
      await copyText(source.textContent);
      button.dataset.copied = "";
      button.setAttribute("aria-label", "Copied");
      setTimeout(() => {
        delete button.dataset.copied;
        button.setAttribute("aria-label", "Copy");
      }, 2000);
    } catch {
      window.getSelection().selectAllChildren(source);
    }
  };

  document.addEventListener("click", (event) => {
    const button = event.target.closest("[data-copy], [data-dismiss], [data-close-dialog], [data-help]");
    if (!button) return;
    if (button.matches("[data-copy]")) copy(button);
    if (button.matches("[data-dismiss]")) button.closest(button.dataset.dismiss).remove();
    if (button.matches("[data-help]")) $("#help").showModal();
    if (button.matches("[data-close-dialog]") && button.closest("dialog")) {
      event.preventDefault();
      button.closest("dialog").close();
    }
  });

  // -- keyboard ------------------------------------------------------------------------------------------

  const CHORD_MS = 1500;
  let chord = 0;

  const typing = (element) =>
    element.matches("input:not([data-pick], [data-pick-page]), select, textarea, [contenteditable]");

  const follow = (selector) => {
    const link = $(selector);
    if (link) link.click();
    return Boolean(link);
  };

  const KEYS = {
    "?": () => { $("#help") && $("#help").showModal(); return true; },
    "/": () => { const field = $("[data-search]"); if (field) field.focus(); return Boolean(field); },
    n: () => follow("[data-new]"),
    g: () => { chord = Date.now(); return true; },
  };

  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || typing(event.target) || $("dialog[open]")) return;
    const second = Date.now() - chord < CHORD_MS;
    chord = 0;
    const done = second ? follow(`[data-shortcut="g ${CSS.escape(event.key)}"]`) : KEYS[event.key]?.();
    if (done) event.preventDefault();
  });

  // -- tables on a phone: each cell says under which heading it would stand ---------------------------------

  const label = (table) => {
    const headings = $$("thead th", table).map((heading) => ($(".visually-hidden", heading) ? "" : heading.textContent.trim()));
    for (const row of $$("tbody tr", table)) {
      [...row.cells].forEach((cell, index) => {
        cell.dataset.label = headings[index] || "";
        if (!cell.textContent.trim() && !cell.childElementCount) cell.dataset.empty = "";
      });
    }
    table.dataset.stacks = "";
  };

  // -- at the start and after each swap ----------------------------------------------------------------

  document.addEventListener("htmx:afterSettle", tellTimes);
  document.addEventListener("htmx:load", (event) => {
    for (const table of $$(".table-responsive > .table")) label(table);
    if (event.detail.elt.matches?.("[data-toast]")) settleToast(event.detail.elt);
  });
  checkTypedNames(document);
  if (!("EventSource" in window)) showLive("away");
  // What the bar of jobs showed (bar.js) does not stay behind when someone signs out.
  try {
    if (!$("#task-bar")) window.sessionStorage.removeItem("panel:bar");
  } catch { /* The browser keeps nothing anyway. */ }
})();

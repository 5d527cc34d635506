// The page's one event stream, in the shape that htmx's SSE extension wants (htmx.createEventSource).
//
// - It asks for the topics that the page's live regions name (data-live), and again when a swap brings others.
// - It lets go of the connection while the tab is hidden: browsers keep only six to one server.
// - It tells the server from when on it may have missed something; the server sends that again,
//   or "resync", upon which every live region is fetched anew.
(() => {
  const HIDDEN_GRACE_MS = 20000;
  const RETRY_MS = [500, 1000, 2000, 5000, 10000];

  const topics = () => {
    const words = [...document.querySelectorAll("[data-live]")].flatMap((region) => region.dataset.live.split(/\s+/));
    return [...new Set(words.filter(Boolean))].sort();
  };

  const show = (state) => {
    document.dispatchEvent(new CustomEvent("panel:live", { detail: { state } }));
  };

  const refresh = () => {
    for (const region of document.querySelectorAll("[data-live]")) {
      htmx.trigger(region, "panel:refresh");
    }
  };

  class PanelSource {
    constructor(path) {
      this.path = path;
      this.since = document.body.dataset.since;
      this.listeners = new Map();
      this.failures = 0;
      this.readyState = EventSource.CONNECTING;
      this.onVisibility = () => this.visibilityChanged();
      document.addEventListener("visibilitychange", this.onVisibility);
      this.open();
    }

    open() {
      this.wanted = topics();
      if (this.real || !this.wanted.length || document.hidden) return;
      const query = new URLSearchParams(this.wanted.map((topic) => ["topic", topic]));
      query.set("since", this.since);
      this.real = new EventSource(`${this.path}?${query}`);
      this.real.onopen = () => this.opened();
      this.real.onerror = () => this.failed();
      this.addOwnListeners();
      for (const [name, listeners] of this.listeners) {
        for (const listener of listeners) this.real.addEventListener(name, listener);
      }
    }

    addOwnListeners() {
      this.real.addEventListener("resync", (event) => {
        this.since = event.lastEventId || this.since;
        show("live");
        refresh();
      });
      this.real.addEventListener("away", () => show("away"));
      for (const topic of this.wanted) {
        this.real.addEventListener(topic, (event) => {
          this.since = event.lastEventId || this.since;
        });
      }
    }

    opened() {
      this.failures = 0;
      this.readyState = EventSource.OPEN;
      show("live");
      if (this.onopen) this.onopen(new Event("open"));
    }

    // The stream went, or was refused: try again by our own clock, so that `since` is the latest.
    failed() {
      this.drop();
      show("away");
      const wait = RETRY_MS[Math.min(this.failures, RETRY_MS.length - 1)] * (0.75 + Math.random() / 2);
      this.failures += 1;
      this.timer = setTimeout(() => this.open(), wait);
      if (this.onerror) this.onerror(new Event("error"));
    }

    drop() {
      clearTimeout(this.timer);
      if (this.real) this.real.close();
      this.real = null;
      this.readyState = EventSource.CONNECTING;
    }

    visibilityChanged() {
      clearTimeout(this.hiding);
      if (document.hidden) {
        this.hiding = setTimeout(() => this.drop(), HIDDEN_GRACE_MS);
      } else if (!this.real) {
        this.drop();
        this.open();
      }
    }

    topicsChanged() {
      if (topics().every((topic) => this.wanted.includes(topic))) return;
      this.drop();
      this.open();
    }

    addEventListener(name, listener) {
      if (!this.listeners.has(name)) this.listeners.set(name, new Set());
      this.listeners.get(name).add(listener);
      if (this.real) this.real.addEventListener(name, listener);
    }

    removeEventListener(name, listener) {
      if (this.listeners.has(name)) this.listeners.get(name).delete(listener);
      if (this.real) this.real.removeEventListener(name, listener);
    }

    close() {
      this.drop();
      clearTimeout(this.hiding);
      document.removeEventListener("visibilitychange", this.onVisibility);
      this.readyState = EventSource.CLOSED;
    }
  }

  let source = null;
  htmx.createEventSource = (path) => {
    source = new PanelSource(path);
    return source;
  };
  document.addEventListener("htmx:afterSettle", () => {
    if (source) source.topicsChanged();
  });
})();

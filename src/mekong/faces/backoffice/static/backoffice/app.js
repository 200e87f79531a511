// The shell: palette, keyboard, selection, dialogs, toasts, live hints. Every page works without it; this makes it quick.
"use strict";
(() => {
  const $ = (s, r = document) => r.querySelector(s);
  const all = (s, r = document) => [...r.querySelectorAll(s)];
  const words = JSON.parse($("#words")?.textContent || "{}");
  const fill = (text, facts) => text.replace(/\{(\w+)\}/g, (whole, name) => facts[name] ?? whole);
  window.mekong = { $, all, words, fill };

  // What was typed outlives a session that ended while it was typed: kept in this tab until the next page has loaded.
  const typed = (form) => [...form.elements].filter((field) => field.name && field.matches("input:not([type=hidden], [type=password], [type=file]), textarea, select"));
  const value = (field) => field.matches("[type=checkbox], [type=radio]") ? field.checked : field.value;
  const keep = (form) => {
    const fields = typed(form).map((field) => [field.name, value(field)]);
    try { sessionStorage.setItem("mekong.typed", JSON.stringify({ who: document.body.dataset.who, page: location.pathname, form: all("form").indexOf(form), fields })); } catch { /* a full store: typed again, then */ }
  };
  const restore = () => {
    const kept = JSON.parse(sessionStorage.getItem("mekong.typed") || "null");
    sessionStorage.removeItem("mekong.typed");
    if (!kept?.fields.length || kept.who !== document.body.dataset.who || kept.page !== location.pathname) return;
    if (!document.referrer || !["/sign-in/", "/sign-in/second/", "/account/confirm/"].includes(new URL(document.referrer).pathname)) return;
    const form = all("form")[kept.form];
    if (!form) return;
    const adder = $("[data-add-line]", form), many = (name) => kept.fields.filter(([each]) => each === name).length;
    const most = Math.max(...kept.fields.map(([name]) => many(name)));
    for (let at = all("[data-line]", form).length; adder && at < most; at++) adder.click();
    const left = [...kept.fields];
    typed(form).forEach((field) => {
      const at = left.findIndex(([name]) => name === field.name);
      if (at < 0) return;
      const [[, was]] = left.splice(at, 1);
      if (typeof was === "boolean") field.checked = was; else field.value = was;
    });
    const dialog = form.closest("dialog");
    if (dialog) dialog.showModal();
    window.mekong.toast(words.restored);
  };
  addEventListener("load", restore);

  // A table wider than its sheet gets a scroller of its own; one that fits keeps its heads in sight.
  const fit = () => all(".scroll").forEach((each) => {
    each.classList.remove("over");
    each.classList.toggle("over", each.scrollWidth > each.clientWidth + 1);
  });
  fit();
  addEventListener("load", fit);
  addEventListener("resize", fit);
  document.addEventListener("htmx:afterSettle", fit);

  // Forms: once is enough, Ctrl Enter sends, the first error gets the focus.
  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (form.dataset.sent) { event.preventDefault(); return; }
    if (form.method === "get" || form.hasAttribute("hx-get") || form.hasAttribute("hx-post")) return;
    if (!navigator.onLine) { event.preventDefault(); window.mekong.toast(words.offline, "bad"); return; }
    form.dataset.sent = "1";
    keep(form);
    const button = event.submitter;
    if (button) {
      if (button.name) form.append(Object.assign(document.createElement("input"), { type: "hidden", name: button.name, value: button.value }));
      button.setAttribute("aria-busy", "true");
    }
    // A download leaves the page where it is.
    const isElsewhere = form.hasAttribute("data-download") || button?.formTarget === "_blank";
    setTimeout(() => { delete form.dataset.sent; button?.removeAttribute("aria-busy"); }, isElsewhere ? 1500 : 15000);
  });
  addEventListener("pageshow", (event) => event.persisted && location.reload());
  const wrong = $("[aria-invalid='true']");
  if (wrong) { wrong.closest("details")?.setAttribute("open", ""); wrong.focus(); }
  document.addEventListener("change", (event) => {
    if (event.target.matches("[data-auto]")) event.target.form.requestSubmit();
  });

  // Toasts: eight seconds, longer while one is looked at.
  const dismiss = (toast) => {
    let timer = setTimeout(() => toast.remove(), 8000);
    toast.addEventListener("pointerenter", () => clearTimeout(timer));
    toast.addEventListener("focusin", () => clearTimeout(timer));
    toast.addEventListener("pointerleave", () => { timer = setTimeout(() => toast.remove(), 3000); });
  };
  all("[data-toast]").forEach(dismiss);
  window.mekong.toast = (text, tone = "ok") => {
    const toast = document.createElement("div"), close = document.createElement("button");
    toast.className = `toast ${tone}`;
    toast.append(Object.assign(document.createElement("span"), { textContent: text }));
    Object.assign(close, { type: "button", className: "btn s", textContent: words.close });
    close.dataset.close = "";
    toast.append(close);
    $("[data-toasts]").append(toast);
    dismiss(toast);
  };

  // Dialogs and menus
  document.addEventListener("click", (event) => {
    const opener = event.target.closest("[data-open]");
    if (opener) { const box = document.getElementById(opener.dataset.open); box.showModal(); $("[autofocus], select, textarea, input:not([type=hidden])", box)?.focus(); return; }
    const closer = event.target.closest("[data-close]");
    if (closer) { (closer.closest("dialog") ? closer.closest("dialog").close() : closer.closest("[data-toast], .toast")?.remove()); return; }
    if (event.target.matches("dialog")) event.target.close();
    all("details[data-drop][open]").forEach((drop) => drop.contains(event.target) || drop.removeAttribute("open"));
    const copier = event.target.closest("[data-copy]");
    if (copier) navigator.clipboard?.writeText(copier.dataset.copy).then(() => window.mekong.toast(copier.dataset.done || copier.dataset.copy));
    if (event.target.closest("[data-palette]")) open_palette();
    if (event.target.closest("[data-keys]")) $("#keys").showModal();
    if (event.target.closest("[data-help]") && !event.ctrlKey && !event.metaKey) { event.preventDefault(); open_help(); }
  });

  // Help for this page, read when it is asked for.
  const open_help = () => {
    const help = $("#help");
    if (help.open) return;
    all("details[data-drop][open]").forEach((each) => each.removeAttribute("open"));
    help.showModal();
    if (!$("#help-text").children.length) $("#help-text").dispatchEvent(new Event("open-help"));
  };

  // Palette
  const palette = $("#palette"), asked = $("#palette input"), found = $("#found");
  const options = () => all("[role=option]", found);
  const choose = (n) => {
    const list = options();
    if (!list.length) return;
    const at = (n + list.length) % list.length;
    list.forEach((each, place) => each.setAttribute("aria-selected", place === at));
    list[at].scrollIntoView({ block: "nearest" });
    asked.setAttribute("aria-activedescendant", list[at].id);
  };
  const open_palette = () => {
    if (palette.open) return;
    palette.showModal();
    asked.select();
    asked.dispatchEvent(new Event("open"));
  };
  // What was open lately in this browser, by whom: addresses and titles of documents, no more.
  const lately = `mekong.recent.${document.body.dataset.who}`, documents = { orders: "order", products: "box", stock: "stack", channels: "channels", today: "today" };
  const recent = () => { try { return JSON.parse(localStorage.getItem(lately) || "[]"); } catch { return []; } };
  const title = $("main h1")?.textContent.trim(), kind = location.pathname.match(/^\/(\w+)\/[^/]+\//)?.[1];
  if (title && documents[kind] && $("#palette") && !$("main [aria-invalid='true'], main [role=alert]")) {
    const others = recent().filter((each) => each.path !== location.pathname);
    try { localStorage.setItem(lately, JSON.stringify([{ path: location.pathname + (kind === "today" ? location.search : ""), title: title.slice(0, 80), icon: documents[kind] }, ...others].slice(0, 7))); } catch { /* a full store: no list, then */ }
  }
  document.addEventListener("submit", (event) => { if (event.target.getAttribute("action") === "/sign-out/") localStorage.removeItem(lately); });
  const add_recent = () => {
    const first = $("ul", found), rows = recent().filter((each) => each.path !== location.pathname).slice(0, 6);
    if (!first || asked.value.trim() || !rows.length) return;
    const group = document.createElement("ul"), head = document.createElement("li");
    group.setAttribute("role", "group");
    group.setAttribute("aria-label", words.recent);
    head.setAttribute("role", "presentation");
    head.setAttribute("aria-hidden", "true");
    head.append(Object.assign(document.createElement("h3"), { textContent: words.recent }));
    const made = rows.map((each, at) => {
      const row = Object.assign(document.createElement("li"), { id: `l-${at}` }), link = Object.assign(document.createElement("a"), { href: each.path, tabIndex: -1 });
      row.setAttribute("role", "option");
      row.setAttribute("aria-selected", "false");
      const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg"), use = document.createElementNS("http://www.w3.org/2000/svg", "use");
      svg.setAttribute("class", "i");
      svg.setAttribute("aria-hidden", "true");
      use.setAttribute("href", `${found.dataset.icons}#i-${Object.values(documents).includes(each.icon) ? each.icon : "today"}`);
      svg.append(use);
      link.append(svg, Object.assign(document.createElement("span"), { className: "clip", textContent: each.title }));
      row.append(link);
      return row;
    });
    group.append(head, ...made);
    first.before(group);
  };
  // Enter opens what was asked for, also where it was typed faster than it could be found.
  let sent = "", answered = null, awaited = false;
  asked?.addEventListener("htmx:beforeRequest", () => { sent = asked.value; });
  asked?.addEventListener("input", () => { awaited = false; });
  palette?.addEventListener("close", () => { awaited = false; });
  const chosen = () => options().findIndex((each) => each.getAttribute("aria-selected") === "true");
  const go = () => $("a", options()[Math.max(chosen(), 0)] || found)?.click();
  found?.addEventListener("htmx:afterSwap", () => {
    answered = sent;
    add_recent();
    const count = options().length;
    asked.setAttribute("aria-expanded", count > 0);
    if (!count) asked.removeAttribute("aria-activedescendant");
    $("[data-found]").textContent = count ? fill(words.results, { count: String(count) }) : "";
    choose(0);
    if (awaited && answered === asked.value) { awaited = false; go(); }
  });
  asked?.addEventListener("keydown", (event) => {
    if (event.key === "ArrowDown") { choose(chosen() + 1); event.preventDefault(); }
    else if (event.key === "ArrowUp") { choose(chosen() - 1); event.preventDefault(); }
    else if (event.key === "Escape") { event.preventDefault(); palette.close(); }
    else if (event.key === "Enter") { event.preventDefault(); if (answered === asked.value) go(); else awaited = true; }
  });

  // Rows: a cursor, a selection, a bar that says how many and how much.
  const rows = () => all("tbody tr[data-href]");
  let cursor = -1, anchor = -1;
  const move = (by) => {
    const list = rows();
    if (!list.length) return;
    list[cursor]?.classList.remove("cursor");
    cursor = Math.min(list.length - 1, Math.max(0, cursor + by));
    list[cursor].classList.add("cursor");
    list[cursor].scrollIntoView({ block: "nearest" });
  };
  const number = new Intl.NumberFormat(document.documentElement.lang);
  const tally = () => {
    document.dispatchEvent(new CustomEvent("mekong:picked"));
    const picked = all("tbody input[name=pick]:checked"), bar = $("[data-bulk]"), elsewhere = window.mekong.elsewhere?.() || [];
    const count = picked.length + elsewhere.length;
    rows().forEach((row) => row.setAttribute("aria-selected", Boolean($("input[name=pick]:checked", row))));
    if (!bar) return;
    bar.hidden = !count;
    const sums = {};
    picked.map((box) => box.closest("tr")).filter((row) => row.dataset.currency).forEach((row) => { sums[row.dataset.currency] = (sums[row.dataset.currency] || 0) + Number(row.dataset.total); });
    elsewhere.forEach(({ total, currency }) => { sums[currency] = (sums[currency] || 0) + total; });
    const money = Object.entries(sums).map(([currency, minor]) => new Intl.NumberFormat(document.documentElement.lang, { style: "currency", currency }).format(minor / (currency === "VND" ? 1 : 100)));
    $("[data-count]", bar).textContent = [fill(words.picked, { count: number.format(count) }), ...money].join(" · ");
    all("[data-n]").forEach((each) => { each.textContent = number.format(count); });
    const whole = $("[data-pick-all]");
    if (whole) { whole.checked = picked.length > 0 && picked.length === rows().length; whole.indeterminate = picked.length > 0 && !whole.checked; }
  };
  window.mekong.tally = tally;
  const pick = (range) => {
    const list = rows();
    if (cursor < 0) return;
    const [from, to] = range && anchor >= 0 ? [Math.min(anchor, cursor), Math.max(anchor, cursor)] : [cursor, cursor];
    const box = $("input[name=pick]", list[cursor]);
    if (!box) return;
    const on = range ? true : !box.checked;
    list.slice(from, to + 1).forEach((row) => { $("input[name=pick]", row).checked = on; });
    anchor = cursor;
    tally();
  };
  document.addEventListener("change", (event) => {
    if (event.target.matches("[data-pick-all]")) all("tbody input[name=pick]").forEach((box) => { box.checked = event.target.checked; });
    if (event.target.matches("[data-pick-all], input[name=pick]")) tally();
  });
  document.addEventListener("click", (event) => event.target.closest("[data-unpick]") && drop());
  const drop = () => { all("tbody input[name=pick]:checked").forEach((box) => { box.checked = false; }); document.dispatchEvent(new CustomEvent("mekong:dropped")); tally(); };
  // News wait while somebody types, chooses or is asked in what they would replace.
  const engaged = (box) => $("dialog[open], details[data-drop][open]", box) || (box.contains(document.activeElement) && document.activeElement.matches("input:not([type=checkbox]), textarea, select")) || all("input:not([type=checkbox], [type=radio], [type=hidden]), textarea", box).some((field) => field.value !== field.defaultValue);
  const news = (event) => (event.detail.requestConfig?.triggeringEvent?.type || "").match(/^live-(\w+)/)?.[1];
  document.addEventListener("htmx:beforeRequest", (event) => {
    const topic = news(event);
    if (topic && engaged(event.detail.target)) { event.preventDefault(); setTimeout(() => hint(topic), 3000); }
  });
  document.addEventListener("htmx:beforeSwap", (event) => {
    const topic = news(event);
    if (topic && engaged(event.detail.target)) { event.detail.shouldSwap = false; setTimeout(() => hint(topic), 3000); }
  });
  // A refreshed list keeps what was picked.
  let kept = new Set(), under = "";
  document.addEventListener("htmx:beforeSwap", () => {
    kept = new Set(all("tbody input[name=pick]:checked").map((box) => box.value));
    under = $("tr.cursor")?.dataset.href || "";
  });
  document.addEventListener("htmx:afterSwap", () => {
    all("tbody input[name=pick]").forEach((box) => { if (kept.has(box.value)) box.checked = true; });
    // The cursor stays on its row, wherever that stands now.
    const list = rows(), at = list.findIndex((row) => row.dataset.href === under);
    list.forEach((row) => row.classList.remove("cursor"));
    if (under && at >= 0) cursor = at;
    if (under) list[cursor]?.classList.add("cursor");
    tally();
  });
  tally();

  // Keys. Single letters act outside of fields only, and can be switched off.
  const letters = $("[data-letters]");
  const on = () => localStorage.getItem("mekong.letters") !== "off";
  if (letters) { letters.checked = on(); letters.addEventListener("change", () => localStorage.setItem("mekong.letters", letters.checked ? "on" : "off")); }
  let going = 0;
  document.addEventListener("keydown", (event) => {
    const inField = event.target.closest("input:not([type=checkbox]):not([type=radio]), textarea, select, [contenteditable]");
    const command = event.ctrlKey || event.metaKey;
    if (command && event.key.toLowerCase() === "k") { event.preventDefault(); open_palette(); return; }
    if (command && event.key === "Enter") { event.target.form?.requestSubmit(); return; }
    if (command && event.key.toLowerCase() === "z" && !inField) { const undo = $("[data-toast] form"); if (undo) { event.preventDefault(); undo.requestSubmit(); } return; }
    if (event.key === "Escape" && !$("dialog[open]")) { all("details[data-drop][open]").forEach((each) => each.removeAttribute("open")); drop(); if (inField) event.target.blur(); return; }
    if (inField || command || event.altKey || $("dialog[open]") || !on()) return;
    const key = event.key;
    if (going && Date.now() - going < 1500) {
      going = 0;
      const link = $(`.nav [data-go="${CSS.escape(key.toLowerCase())}"]`);
      if (link) { event.preventDefault(); location.assign(link.href); }
      return;
    }
    if (key === "g" || key === "G") { going = Date.now(); return; }
    if (key === "?") { open_help(); event.preventDefault(); return; }
    if (key === "/") { const field = $("[data-search]"); if (field) { field.focus(); field.select?.(); event.preventDefault(); } return; }
    const own = $(`[data-key="${CSS.escape(key.toLowerCase())}"]:not([disabled])`);
    if (own) { event.preventDefault(); own.click(); return; }
    if (key === "j") move(1); else if (key === "k") move(-1);
    else if (key === "x") pick(false); else if (key === "X") pick(true);
    else if (key === "Enter" && cursor >= 0 && !event.target.closest("a, button")) location.assign(rows()[cursor].dataset.href);
  });

  // Live hints: one stream a visible page, turned into events that parts of the page listen to.
  const topics = new Set(all("[data-live], [hx-trigger*='live-']").flatMap((each) => [...(each.dataset.live || "").split(" "), ...((each.getAttribute("hx-trigger") || "").match(/live-(\w+)/g) || []).map((t) => t.slice(5))]).filter(Boolean));
  let stream = null, pending = new Map();
  const hint = (topic) => {
    if (pending.has(topic)) return;
    pending.set(topic, setTimeout(() => { pending.delete(topic); document.body.dispatchEvent(new CustomEvent(`live-${topic}`)); }, 400));
  };
  const listen = () => {
    if (stream || !topics.size || document.hidden || !window.EventSource) return;
    // From the moment of the page on: what happens while it is on its way is told when the stream opens.
    stream = new EventSource(`/live/events?topics=${[...topics].join(",")}&since=${document.body.dataset.at || ""}`);
    stream.onmessage = (event) => {
      const topic = JSON.parse(event.data).topic;
      if (topic === "*") topics.forEach(hint); else hint(topic);
    };
  };
  document.addEventListener("visibilitychange", () => {
    if (document.hidden) { stream?.close(); stream = null; } else { listen(); topics.forEach(hint); }
  });
  listen();
  addEventListener("pagehide", () => { stream?.close(); stream = null; });

  document.addEventListener("htmx:responseError", (event) => {
    if (event.detail.xhr.status !== 401) window.mekong.toast(words.failed, "bad");
  });

  // A part that was asked for after the session ended: whoever is typing goes on, and signs in when the form is sent.
  document.addEventListener("htmx:beforeOnLoad", (event) => {
    if (event.detail.xhr.status !== 401 || !engaged(document.body)) return;
    event.preventDefault();
    if (!$(".toast.bad")) window.mekong.toast(words.ended, "bad");
  });
  document.addEventListener("htmx:sendError", (event) => { if (!news(event)) window.mekong.toast(navigator.onLine ? words.failed : words.offline, "bad"); });

  // A chosen file says its name; files may be dropped on their field.
  document.addEventListener("change", (event) => {
    const said = event.target.matches("[type=file]") && $("[data-file-name]", event.target.closest(".pick-file"));
    if (said) said.textContent = [...event.target.files].map((file) => file.name).join(", ") || said.dataset.fileName;
  });
  all(".file").forEach((box) => {
    const input = $("input[type=file]", box);
    ["dragenter", "dragover"].forEach((name) => box.addEventListener(name, (event) => { event.preventDefault(); box.classList.add("over"); }));
    ["dragleave", "drop"].forEach((name) => box.addEventListener(name, (event) => { event.preventDefault(); box.classList.remove("over"); }));
    box.addEventListener("drop", (event) => { if (event.dataTransfer.files.length) { input.files = event.dataTransfer.files; input.dispatchEvent(new Event("change", { bubbles: true })); } });
  });

  // Lines of a form: add and remove.
  document.addEventListener("click", (event) => {
    const adder = event.target.closest("[data-add-line]"), remover = event.target.closest("[data-remove-line]");
    if (adder) {
      const list = document.getElementById(adder.dataset.addLine), made = $("template", list).content.cloneNode(true);
      const n = Number(list.dataset.next || all("[data-line]", list).length);
      list.dataset.next = n + 1;
      all("[id], [for], [aria-describedby]", made).forEach((each) => ["id", "for", "aria-describedby"].forEach((name) => each.hasAttribute(name) && each.setAttribute(name, each.getAttribute(name).replace("__n__", n))));
      $("[data-lines]", list).append(made);
      window.htmx?.process($("[data-lines]", list).lastElementChild);
      $("input", $("[data-lines]", list).lastElementChild)?.focus();
    }
    const dropper = event.target.closest("[data-drop-line]");
    if (dropper) { dropper.closest("[data-line]").remove(); document.body.dispatchEvent(new Event("dropped")); }
    if (remover) { const lines = all("[data-line]", remover.closest("[data-lines]")); if (lines.length > 1) remover.closest("[data-line]").remove(); }
  });
})();

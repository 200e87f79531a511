// Orders: what is picked stays picked over pages, news wait for a word, and people see each other.
"use strict";
(() => {
  const { $, all, words, fill } = window.mekong;

  // Who is on this order: said every half minute while the page is seen.
  const present = $("[data-present]");
  if (present) {
    const here = present.dataset.present;
    const token = () => JSON.parse(document.body.getAttribute("hx-headers"))["X-CSRFToken"];
    let said = 0;
    const say = async () => {
      if (document.hidden) return;
      said = Date.now();
      try {
        const answer = await fetch(`${here}here/`, { method: "POST", headers: { "X-CSRFToken": token(), "HX-Request": "true" } });
        if (answer.ok) present.innerHTML = await answer.text();
      } catch { /* without a network nobody is seen; the next word is tried in half a minute */ }
    };
    say();
    setInterval(say, 30000);
    document.addEventListener("visibilitychange", () => Date.now() - said > 5000 && say());
    document.body.addEventListener("live-presence", say);
    addEventListener("pagehide", () => {
      const form = new FormData();
      form.append("csrfmiddlewaretoken", token());
      navigator.sendBeacon(`${here}gone/`, form);
    });
  }

  // The paper opens beside this page; printed once more it is another print. The kind chosen last is proposed next.
  const printed = (form) => {
    localStorage.setItem("mekong.paper", new FormData(form).get("paper"));
    setTimeout(() => {
      $("[data-once]", form).value = crypto.randomUUID?.() || String(Math.random()).slice(2);
      all("#print-many, #print-one").forEach((dialog) => dialog.close());
    }, 1500);
  };
  const paper = () => { const chosen = $(`[name=paper][value="${CSS.escape(localStorage.getItem("mekong.paper") || "")}"]`); if (chosen) chosen.checked = true; };
  paper();
  document.addEventListener("submit", (event) => event.target.closest("#print-one") && printed(event.target));
  document.addEventListener("htmx:afterSwap", paper);

  const list = $("#list");
  if (!list) return;
  const most = () => Number($("#bulk")?.dataset.most || 200);

  // What is picked on other pages of the same list: kept in this tab, by the list's address without its page.
  const address = () => { const query = new URLSearchParams(location.search); query.delete("cursor"); query.delete("q"); return query.toString(); };
  const key = () => `mekong.picked.${document.body.dataset.who}`;
  const read = () => {
    const kept = JSON.parse(sessionStorage.getItem(key()) || "null");
    return kept?.list === address() ? kept.picks : {};
  };
  const write = (picks) => sessionStorage.setItem(key(), JSON.stringify({ list: address(), picks }));
  const on_page = () => new Set(all("tr[data-code]", list).map((row) => row.dataset.code));
  window.mekong.elsewhere = () => {
    const there = on_page();
    return Object.entries(read()).filter(([code]) => !there.has(code)).map(([, [total, currency]]) => ({ total, currency }));
  };
  const restore = () => {
    const picks = read();
    all("input[name=pick]", list).forEach((box) => { box.checked = box.value in picks; });
    window.mekong.tally();
  };
  document.addEventListener("mekong:picked", () => {
    const picks = read();
    all("tr[data-code]", list).forEach((row) => {
      const box = $("input[name=pick]", row);
      if (!box.checked) delete picks[row.dataset.code];
      else if (row.dataset.code in picks || Object.keys(picks).length < most()) picks[row.dataset.code] = [Number(row.dataset.total), row.dataset.currency];
      else {
        box.checked = false;
        if (!$(".toast.bad")) window.mekong.toast(fill(words.most, { count: most() }), "bad");
      }
    });
    write(picks);
  });
  document.addEventListener("mekong:dropped", () => write({}));
  if (sessionStorage.getItem("mekong.sent")) { sessionStorage.removeItem("mekong.sent"); write({}); }
  restore();
  document.addEventListener("htmx:afterSwap", (event) => { if (event.detail.target === list) restore(); });

  // An action takes those of other pages along; without any pick it means the row under the cursor.
  const bar = "[data-bulk] button[name=act], [data-bulk] button[data-open]";
  document.addEventListener("click", (event) => {
    if (!event.target.closest(bar) || $("input[name=pick]:checked", list) || Object.keys(read()).length) return;
    const box = $("tr.cursor input[name=pick]", list);
    if (box) { box.checked = true; window.mekong.tally(); return; }
    event.preventDefault();
    event.stopPropagation();
    window.mekong.toast(words.pickFirst, "bad");
  }, true);
  document.addEventListener("submit", (event) => {
    if (event.target.id !== "bulk" || event.defaultPrevented) return;
    all("input[data-else]", event.target).forEach((each) => each.remove());
    const there = on_page();
    Object.keys(read()).filter((code) => !there.has(code)).forEach((code) => {
      const field = Object.assign(document.createElement("input"), { type: "hidden", name: "pick", value: code });
      field.dataset.else = "1";
      event.target.append(field);
    });
    if (event.submitter?.hasAttribute("data-print")) printed(event.target);
    else sessionStorage.setItem("mekong.sent", "1");
  }, true);

  // Saved filters are counted after the page stands, a few at a time, and again when something moved.
  const known = {};
  let counted = 0;
  const fill_counts = () => all("[data-count-of]").forEach((box) => { box.textContent = known[box.dataset.countOf] ?? ""; });
  const count = async () => {
    counted = Date.now();
    const ids = all("[data-count-of]").map((box) => box.dataset.countOf);
    for (let at = 0; at < ids.length; at += 4) {
      try {
        const answer = await fetch(`/orders/counts/?of=${ids.slice(at, at + 4).join(",")}`, { headers: { "HX-Request": "true" } });
        if (!answer.ok) return;
        Object.assign(known, await answer.json());
        fill_counts();
      } catch { return; }
    }
  };
  count();

  // News: rows change where they stand, others announce themselves.
  const bar_of_news = $("[data-news]");
  let due = 0, asking = false;
  const replace = (row, fresh) => {
    const box = $("input[name=pick]", row), focused = row.contains(document.activeElement) ? document.activeElement : null;
    const place = focused ? all("a, button, input", row).indexOf(focused) : -1;
    $("input[name=pick]", fresh).checked = box.checked;
    fresh.classList.toggle("cursor", row.classList.contains("cursor"));
    fresh.classList.add("fresh");
    row.replaceWith(fresh);
    if (place >= 0) all("a, button, input", fresh)[place]?.focus({ preventScroll: true });
  };
  const ask = async () => {
    if (asking || document.hidden) return;
    asking = true;
    try {
      const query = new URLSearchParams(location.search);
      query.set("shown", [...on_page()].join(","));
      const answer = await fetch(`/orders/news/?${query}`, { headers: { "HX-Request": "true" } });
      if (!answer.ok) return;
      const told = new DOMParser().parseFromString(await answer.text(), "text/html");
      const tabs = $("[data-tabs]"), at = tabs.scrollLeft;
      if (!tabs.contains(document.activeElement)) { tabs.replaceWith(document.adoptNode($("[data-tabs]", told))); $("[data-tabs]").scrollLeft = at; }
      fill_counts();
      if (Date.now() - counted > 15000) count();
      all("tr[data-code]", told).forEach((fresh) => {
        const row = $(`tr[data-code="${CSS.escape(fresh.dataset.code)}"]`, list);
        if (row && row.dataset.v !== fresh.dataset.v) replace(row, document.adoptNode(fresh));
      });
      window.mekong.tally();
      const news = $("[data-fresh]", told);
      bar_of_news.hidden = news.dataset.fresh === "0";
      $("[data-news-text]").textContent = news.textContent;
    } catch { /* the next hint asks again */ } finally { asking = false; }
  };
  document.body.addEventListener("live-orders", () => {
    if (due) return;
    // Many pages hear the same hint: they do not all ask in the same moment.
    due = setTimeout(() => { due = 0; ask(); }, 1000 + Math.random() * 1500);
  });
  const show = () => {
    bar_of_news.hidden = true;
    window.htmx.ajax("GET", location.pathname + location.search, { target: "#list", swap: "innerHTML" });
  };
  $("[data-show]").addEventListener("click", show);

  const people = async () => {
    if (document.hidden) return;
    try {
      const answer = await fetch("/orders/present/", { headers: { "HX-Request": "true" } });
      if (!answer.ok) return;
      const there = await answer.json();
      all("[data-on]", list).forEach((box) => box.replaceChildren(...(there[box.dataset.on] || []).map(([letters, sentence]) => {
        const face = Object.assign(document.createElement("span"), { className: "ava s", title: sentence, textContent: letters });
        face.setAttribute("role", "img");
        face.setAttribute("aria-label", sentence);
        return face;
      })));
    } catch { /* asked again in half a minute */ }
  };
  document.body.addEventListener("live-presence", people);
  setInterval(people, 30000);
})();

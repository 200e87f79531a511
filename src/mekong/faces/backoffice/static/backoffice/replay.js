// Order history: counts and delays as they are now, drawn as they were over the last two minutes.
"use strict";
(() => {
  const { $, all, words, fill } = window.mekong || {};
  const form = $?.("[data-replay]");
  if (!form) return;
  const number = new Intl.NumberFormat(document.documentElement.lang, { maximumFractionDigits: 1 });
  // 31/12/2026 in either language.
  const day = new Intl.DateTimeFormat("en-GB", { timeZone: "UTC" });
  const csrf = JSON.parse(document.body.getAttribute("hx-headers"))["X-CSRFToken"];
  const time = (ms) => ms === null || ms === undefined ? "–" : ms < 1000 ? `${number.format(Math.round(ms))} ms` : `${number.format(ms / 1000)} s`;
  const set = (name, text) => { const field = $(`[data-f="${name}"]`); if (field) field.textContent = text; };
  const KEPT = 120, history = {};
  let before = null, speed = 50000, running = false, tick = null;

  const draw = (code, rates) => {
    const stream = $(`[data-stream="${CSS.escape(code)}"]`);
    if (!stream) return;
    const top = Math.max(1, ...rates);
    $("[data-line]", stream).setAttribute("d", rates.map((rate, place) => `${place ? "L" : "M"}${((KEPT - rates.length + place) / (KEPT - 1) * 240).toFixed(1)} ${(60 - rate / top * 56).toFixed(1)}`).join(""));
    $("[data-top]", stream).textContent = number.format(top);
  };
  const take = (news) => {
    const at = Date.parse(news.at);
    let total = 0, rate = 0, p50 = null, p95 = null;
    for (const stream of all("[data-stream]")) {
      const code = stream.dataset.stream, count = news.orders[code] || 0, figures = news.channels[code] || {};
      const seconds = before ? Math.max(.2, (at - before.at) / 1000) : 1;
      const now = before ? Math.max(0, (count - (before.orders[code] || 0)) / seconds) : 0;
      const rates = history[code] = [...(history[code] || []), now].slice(-KEPT);
      draw(code, rates);
      total += count;
      const lately = rates.slice(-10), mean = lately.reduce((sum, each) => sum + each, 0) / lately.length;
      rate += mean;
      $("[data-total]", stream).textContent = number.format(count);
      $("[data-rate]", stream).textContent = fill(words.perMinute, { count: number.format(Math.round(mean * 60)) });
      $("[data-delay]", stream).textContent = figures.p50 === null || figures.p50 === undefined ? "" : time(figures.p50);
      if (figures.p50 != null) p50 = Math.max(p50 ?? 0, figures.p50);
      if (figures.p95 != null) p95 = Math.max(p95 ?? 0, figures.p95);
      const cells = all(`[data-row="${CSS.escape(code)}"] td`);
      if (cells.length) [number.format(count), time(figures.p50), time(figures.p95), number.format(figures.waiting || 0)].forEach((text, place) => { cells[place + 1].textContent = text; });
    }
    before = { at, orders: news.orders };
    set("orders", number.format(total));
    set("rate", number.format(rate));
    set("p50", time(p50));
    set("p95", time(p95));
    set("oversold", number.format(news.oversold));
    $("[data-f=oversold]").classList.toggle("bad", news.oversold > 0);
  };
  const told = (status) => {
    running = Boolean(status.running ?? status.is_running);
    if (status.speed !== undefined) press(status.speed);
    if (status.units !== undefined && status.units !== null) set("units", number.format(status.units));
    if (status.total) set("done", `${number.format(Math.floor(status.done / status.total * 1000) / 10)}%`);
    const clock = status.t || status.clock;
    if (clock) set("clock", day.format(new Date(clock)));
    const start = $("[data-start]"), stop = $("[data-stop]");
    if (start) {
      all("[data-speed]").forEach((each) => { each.disabled = running; });
      start.hidden = running; stop.hidden = !running; stop.disabled = Boolean(status.stopping);
      stop.toggleAttribute("aria-busy", false);
      if (status.stopping) { stop.setAttribute("aria-busy", "true"); note(words.stopping); }
    }
  };
  const note = (text) => { const box = $("[data-note]"); box.hidden = !text; $("span", box).textContent = text || ""; };
  const press = (chosen) => { speed = chosen; all("[data-speed]").forEach((each) => each.setAttribute("aria-pressed", Number(each.dataset.speed) === Number(chosen))); };
  let asking = false;
  const ask = async (body) => {
    if (!form.hasAttribute("data-can") || (body && asking)) return;
    // A second press of a button waits for what the first one brought.
    if (body) asking = true;
    try {
      const answer = await fetch("/live/replay", body ? { method: "POST", headers: { "Content-Type": "application/json", "X-CSRFToken": csrf }, body: JSON.stringify(body) } : {});
      const said = await answer.json().catch(() => null);
      if (!answer.ok || !said) { if (body) note(said?.detail || said?.message || words.failed); return; }
      note(said.message || "");
      told(said);
    } catch { if (body) note(words.failed); } finally { if (body) asking = false; }
  };
  form.addEventListener("click", (event) => {
    const chosen = event.target.closest("[data-speed]");
    if (chosen) press(Number(chosen.dataset.speed));
    if (event.target.closest("[data-start]")) ask({ action: "start", speed });
    if (event.target.closest("[data-stop]")) ask({ action: "stop", speed });
  });

  const link = $("[data-link]");
  const state = (on) => { link.className = `link-state small muted ${on ? "on" : "off"}`; $("span", link).textContent = on ? words.live : words.reconnecting; };
  let busy = false, turns = 0;
  const look = async () => {
    if (document.hidden || busy) return;
    busy = true;
    try {
      const answer = await fetch("/live/figures/");
      if (answer.redirected) { location.reload(); return; }
      if (!answer.ok) throw new Error(String(answer.status));
      take(await answer.json());
      state(true);
      if (turns++ % 2 === 0 && running) await ask();
    } catch { state(false); } finally { busy = false; }
  };
  ask();
  look();
  tick = setInterval(look, 1000);
  addEventListener("pagehide", () => clearInterval(tick));
})();

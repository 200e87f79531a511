// The last unit: what every channel's own server answers, as the stream tells it.
"use strict";
(() => {
  const { $, all, words, fill } = window.mekong || {};
  const setup = JSON.parse($?.("#setup")?.textContent || "null");
  if (!setup?.sku || !$("[data-tiles]")) return;
  const still = matchMedia("(prefers-reduced-motion: reduce)").matches;
  const number = new Intl.NumberFormat(document.documentElement.lang);
  const csrf = JSON.parse(document.body.getAttribute("hx-headers"))["X-CSRFToken"];
  const tile = (k) => $(`[data-k="${CSS.escape(k)}"]`);
  const lane = (k) => $(`[data-lane="${CSS.escape(k)}"]`);
  const time = (ms) => ms < 1000 ? `${number.format(Math.round(ms))} ms` : `${number.format(Math.round(ms / 100) / 10)} s`;
  const codes = all("[data-k]").map((each) => each.dataset.k);
  const shown = {}, delays = {};
  let atp = Number($("[data-atp]").textContent.replace(/\D/g, "")) * ($("[data-atp]").textContent.includes("−") ? -1 : 1);
  let oversold = null;
  let wave = null, bought = [];

  // The river: one tributary a tile, drawn for the size the page has.
  const draw = () => {
    const svg = $("[data-delta]"), box = svg.getBoundingClientRect(), phone = innerWidth <= 760;
    svg.setAttribute("viewBox", `0 0 ${box.width} ${box.height}`);
    const middle = box.width / 2, n = codes.length;
    svg.replaceChildren(...codes.flatMap((code, place) => {
      const card = tile(code), at = card.getBoundingClientRect(), to = middle + (place - (n - 1) / 2) * 6;
      const gutter = 7 + place * 6.5, y = at.top - box.top + at.height / 2, end = box.height;
      const turn = end - 76;
      const path = phone
        ? `M56 ${y}C${Math.min(gutter + 20, 54)} ${y} ${gutter} ${y + 4} ${gutter} ${y + 34}V${turn}C${gutter} ${turn + 52 - place * 4} ${to} ${turn + 46 - place * 4} ${to} ${end}`
        : `M${at.left - box.left + at.width / 2} 0C${at.left - box.left + at.width / 2} ${64 + Math.min(place, n - 1 - place) * 8} ${to} ${45 - Math.min(place, n - 1 - place) * 6} ${to} 128V${end}`;
      return ["arm", "run"].map((kind) => {
        const line = document.createElementNS("http://www.w3.org/2000/svg", "path");
        line.setAttribute("d", path);
        line.dataset.ch = card.dataset.ch;
        line.dataset[kind] = code;
        if (kind === "run") { line.setAttribute("class", "run"); line.setAttribute("pathLength", "100"); }
        return line;
      });
    }));
    mark_origin();
  };
  const mark_origin = () => all("[data-arm]").forEach((each) => each.classList.toggle("from", Boolean(wave?.origins.includes(each.dataset.arm))));
  const flow = (k, outward, ms) => {
    const line = $(`[data-run="${CSS.escape(k)}"]`);
    if (!still && line) line.animate({ strokeDashoffset: outward ? [-100, 6] : [6, -100] }, { duration: Math.max(500, Math.min(ms * 3, 1600)), easing: "ease-in-out" });
  };

  // The feed
  const clock = (at) => { const d = new Date(at || Date.now()); return `${d.toTimeString().slice(0, 8)},${String(d.getMilliseconds()).padStart(3, "0")}`; };
  const say = (k, text, note = "", tone = "", at = null) => {
    const li = document.createElement("li"), stamp = document.createElement("time"), what = document.createElement("span"), end = document.createElement("b");
    stamp.textContent = clock(at);
    what.textContent = text;
    end.textContent = note;
    let sign = k ? $(".ch", tile(k))?.cloneNode(true) : null;
    if (!sign) { sign = document.createElement("span"); if (tone === "ok") { sign.className = "tick"; sign.textContent = "✓"; } }
    li.className = tone;
    li.append(stamp, sign, what, end);
    $(".quiet", $("[data-feed]"))?.remove();
    $("[data-feed]").append(li);
    while ($("[data-feed]").children.length > 9) $("[data-feed]").firstElementChild.remove();
  };

  // Tiles and lanes
  const scale = () => { const most = Math.max(...Object.values(wave?.ms || {}), 1); return [500, 1000, 2000, 5000, 10000, 30000, 60000].find((top) => most <= top) || most; };
  const lanes = () => {
    const top = scale(), axis = all("[data-axis] span");
    axis.forEach((each, place) => { each.textContent = number.format(top / 5 * place) + (place === 5 ? " ms" : ""); });
    for (const [k, ms] of Object.entries(wave?.ms || {})) {
      const row = lane(k);
      if (row) { $("i", row).style.setProperty("--w", Math.max(ms / top * 100, .6)); $("b", row).textContent = time(ms); }
    }
  };
  const bars = (k, ms) => {
    const list = delays[k] = [...(delays[k] || []), ms].slice(-26), top = Math.max(...list, 1);
    $("[data-bars]", tile(k)).setAttribute("d", list.map((each, place) => `M${place * 4 + 1.5} 18v-${Math.max(1, each / top * 16).toFixed(1)}`).join(""));
  };
  const show = (k, quantity, note) => {
    const card = tile(k);
    if (!card) return;
    const was = shown[k];
    $("[data-q]", card).textContent = quantity === null || quantity === undefined ? "–" : number.format(quantity);
    if (was !== undefined && was !== quantity && quantity !== null) {
      $("[data-was]", card).textContent = fill(words.from, { quantity: number.format(was) });
      $(".q", card).classList.add("fresh");
      setTimeout(() => $(".q", card).classList.remove("fresh"), 1000);
    }
    if (note !== undefined) $("[data-ms]", card).textContent = note;
    if (quantity !== null && quantity !== undefined) shown[k] = quantity;
  };
  const head = (text) => { $("[data-head]").textContent = text; };
  const settle = () => {
    // Only once the shelf itself has spoken is it known what every channel should show.
    if (!wave || wave.done || !wave.stated) return;
    const told = codes.filter((k) => k in wave.ms || shown[k] === undefined || shown[k] <= Math.max(0, atp));
    if (told.length < codes.length) return;
    wave.done = true;
    const worst = Math.max(...Object.values(wave.ms), 0);
    head(fill(words.headSold, { count: number.format(codes.length), quantity: number.format(Math.max(0, atp)), ms: time(worst) }));
    say(null, fill(words.agree, { count: number.format(codes.length) }), time(worst), "ok");
  };

  // One change of the shelf and how it spreads. News of our own channels may come just before that of the shelf.
  const begin = (kind) => {
    const now = Date.now();
    bought = bought.filter((each) => now - each.at < 15000);
    wave = { kind, origins: kind === "down" ? bought.map((each) => each.k) : [], ms: {}, done: kind === "up", stated: false };
    all(".tile").forEach((card) => card.toggleAttribute("data-origin", wave.origins.includes(card.dataset.k)));
    all("[data-lane]").forEach((row) => { $("i", row).style.setProperty("--w", 0); $("b", row).textContent = "–"; });
    mark_origin();
  };
  // A platform sold what it still showed: known a moment after the sale, when its order is here.
  const beyond = (units) => {
    const box = $("[data-oversold]"), more = units - (oversold ?? units);
    oversold = units;
    box.textContent = number.format(units);
    box.classList.toggle("bad", units > 0);
    if (more > 0) { say(null, fill(words.beyond, { count: number.format(more) }), "", "warn"); head(words.headBeyond); }
  };
  const stock = (state) => {
    const before = atp;
    atp = state.atp;
    $("[data-atp]").textContent = number.format(atp);
    $("[data-on-hand]").textContent = number.format(state.on_hand);
    $("[data-held]").textContent = number.format(state.reserved);
    if (state.oversold !== undefined) beyond(state.oversold);
    $("[data-piece], .piece")?.classList.toggle("sold", atp <= 0);
    all("[data-sell]").forEach((each) => { each.disabled = atp <= 0; });
    $("[data-back]")?.classList.toggle("primary", atp <= 0);
    $("[data-both]")?.classList.toggle("primary", atp > 0);
    if (atp < before) {
      if (!wave || wave.kind !== "down" || wave.stated) begin("down");
      wave.stated = true;
      head(words.headMoving);
      if (!wave.origins.length) say(null, words.boughtPlain);
    } else if (atp > before) {
      if (!wave || wave.kind !== "up" || wave.stated) begin("up");
      wave.stated = true;
      head(fill(atp === 1 ? words.headOne : words.headReady, { units: number.format(atp), count: number.format(codes.length) }));
    }
    for (const channel of state.channels || []) if (channel.quantity !== null) show(channel.code, channel.quantity);
  };

  const hear = (news) => {
    const k = news.channel;
    if (news.type === "state") { stock(news); settle(); }
    else if (news.type === "shown" && tile(k)) {
      const ms = news.ms, was = shown[k];
      if (ms !== null && ms !== undefined && was !== undefined && was !== news.quantity) {
        const kind = news.quantity < was ? "down" : "up";
        if (!wave || wave.kind !== kind || k in wave.ms) begin(kind);
      }
      show(k, news.quantity, ms === null || ms === undefined ? "" : (wave?.origins.includes(k) ? words.soldHere : time(ms)));
      if (ms !== null && ms !== undefined) {
        bars(k, ms);
        if (!wave) begin("up");
        wave.ms[k] = Math.max(ms, wave.ms[k] || 0);
        lanes();
        flow(k, true, ms);
        say(k, fill(tile(k).hasAttribute("data-remote") ? words.acknowledged : words.to, { quantity: number.format(news.quantity) }), time(ms), "", news.at);
      }
      settle();
    }
    else if (news.type === "sold") { bought.push({ k, at: Date.now() }); flow(k, false, 200); say(k, fill(words.bought, { order: news.order || "" }), "", "", news.at); }
    else if (news.type === "refused") say(k, news.message ? fill(words.refusedWord, { message: news.message }) : fill(words.lost, { ms: news.ms }), news.ms ? `+${time(news.ms)}` : "", "warn", news.at);
    else if (news.type === "unread" && tile(k)) $("[data-ms]", tile(k)).textContent = words.noAnswer;
  };

  // What people do
  const post = async (path, body) => {
    const answer = await fetch(path, { method: "POST", headers: { "Content-Type": "application/json", "X-CSRFToken": csrf, Accept: "application/json" }, body: JSON.stringify(body) });
    const said = await answer.json().catch(() => ({}));
    return { ok: answer.ok && said.ok !== false, order: said.order, message: said.message || said.detail || words.failed };
  };
  const sell = async (k) => {
    const from = performance.now();
    bought.push({ k, at: Date.now() });
    flow(k, false, 200);
    try {
      const answer = await post("/live/buy", { sku: setup.sku, channel: k, quantity: 1 });
      if (answer.ok) say(k, answer.order ? fill(tile(k)?.hasAttribute("data-remote") ? words.taken : words.bought, { order: answer.order }) : words.boughtPlain, time(performance.now() - from));
      else { bought = bought.filter((each) => each.k !== k); say(k, fill(words.refusedWord, { message: answer.message }), "", "warn"); }
    } catch { say(k, words.failed, "", "warn"); }
  };
  const busy = async (button, work) => {
    button.setAttribute("aria-busy", "true");
    try { await work(); } finally { button.removeAttribute("aria-busy"); }
  };
  document.addEventListener("click", (event) => {
    const button = event.target.closest("[data-sell], [data-back]");
    if (!button || button.disabled || button.getAttribute("aria-busy")) return;
    if (button.hasAttribute("data-back")) {
      bought = [];
      busy(button, async () => {
        const answer = await post("/live/put-back", { sku: setup.sku, quantity: 1 }).catch(() => ({ message: words.failed }));
        say(null, answer.ok ? words.putBack : answer.message, "", answer.ok ? "" : "warn");
      });
      return;
    }
    busy(button, () => Promise.all(button.dataset.sell.split(" ").map(sell)));
  });

  // The stream. EventSource finds its way back by itself; a lasting refusal is tried again slowly.
  const link = $("[data-link]");
  const state = (on) => { link.className = `link-state small muted ${on ? "on" : "off"}`; $("span", link).textContent = on ? words.live : words.reconnecting; };
  let stream = null;
  const listen = () => {
    stream?.close();
    stream = new EventSource(`/live/last-unit?sku=${encodeURIComponent(setup.sku)}`);
    stream.onopen = () => state(true);
    stream.onmessage = (event) => hear(JSON.parse(event.data));
    stream.onerror = () => { state(false); if (stream.readyState === EventSource.CLOSED) setTimeout(listen, 5000); };
  };
  document.addEventListener("visibilitychange", () => { if (document.hidden) { stream?.close(); stream = null; } else if (!stream) listen(); });
  addEventListener("pagehide", () => stream?.close());
  $("#sku")?.addEventListener("change", (event) => event.target.form.requestSubmit());
  codes.forEach((k) => { const text = $("[data-q]", tile(k)).textContent.replace(/[^\d]/g, ""); if (text) shown[k] = Number(text); });
  new ResizeObserver(draw).observe($("[data-tiles]"));
  draw();
  document.fonts?.ready.then(draw);
  listen();
})();

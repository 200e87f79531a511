/* A game's page: asks for a play, shows what came of it. A request that gets no answer is sent again under its own id. */
(() => {
  "use strict";
  const $ = (selector) => document.querySelector(selector), main = $("main.play"), form = $("[data-form]");
  if (!main || !form) return;
  const words = JSON.parse($("#words").textContent), go = $("[data-go]"), outcome = $("[data-outcome]");
  const calm = window.matchMedia("(prefers-reduced-motion: reduce)").matches, kept = `play:${main.dataset.slug}`;
  const token = () => Array.from(crypto.getRandomValues(new Uint8Array(12)), (each) => each.toString(16).padStart(2, "0")).join("");
  const wait = (ms) => new Promise((done) => setTimeout(done, ms));
  const store = {
    read: () => { try { return JSON.parse(localStorage.getItem(kept) || "null"); } catch { return null; } },
    write: (value) => { try { value ? localStorage.setItem(kept, JSON.stringify(value)) : localStorage.removeItem(kept); } catch { /* private window */ } },
  };
  let turned = 0;

  const say = (name, text) => { $(`[data-${name}]`).textContent = text || ""; };
  const complain = (text) => {
    outcome.hidden = false; outcome.classList.remove("won");
    ["headline", "detail", "left", "receipt"].forEach((name) => say(name, ""));
    $("[data-code-line]").hidden = true; $("[data-refused]").hidden = false; say("refused", text);
  };

  /* The wish stays in the browser until it is answered: a reload, or a lost answer, does not cost a play. */
  const wishOf = () => {
    const phone = form.phone.value.trim(), before = store.read();
    if (before && before.phone === phone) return before;
    const wish = { phone, request_id: token(), client_seed: form.client_seed.value };
    store.write(wish);
    return wish;
  };

  const ask = async (wish) => {
    for (let tries = 0; ; tries++) {
      const limit = new AbortController(), timer = setTimeout(() => limit.abort(), 15000);
      try {
        const answer = await fetch(`/play/${main.dataset.slug}/plays/`, {
          method: "POST", headers: { "Content-Type": "application/json", Accept: "application/json" }, body: JSON.stringify(wish), signal: limit.signal,
        });
        const body = await answer.json();
        if (answer.ok) return { body };
        if (answer.status < 500) return { refused: (body.errors && body.errors[0] && `${body.errors[0].problem} ${body.errors[0].remedy}`.trim()) || body.detail, status: answer.status };
      } catch { /* no network, or no answer in time: again below */ } finally { clearTimeout(timer); }
      if (tries === 4) return { lost: true };
      go.textContent = words.again;
      await wait(1000 * 2 ** tries);
    }
  };

  const spin = async (position) => {
    const wheel = $("[data-wheel]"), count = Number(main.dataset.count);
    if (!wheel || position === null) return;
    const to = 360 - (position + .5) * 360 / count;
    turned += (calm ? 0 : 1800) + ((to - turned % 360) + 360) % 360;
    wheel.classList.add("turning");
    wheel.style.transform = `rotate(${turned}deg)`;
    if (!calm) await wait(4300);
  };

  const scratch = (text) => new Promise((done) => {
    const cover = $("[data-cover]"), box = $("[data-card]");
    say("under", text);
    if (!cover || calm) { done(); return; }
    cover.hidden = false;
    cover.width = box.clientWidth; cover.height = box.clientHeight;
    const pen = cover.getContext("2d"), cells = new Set();
    pen.fillStyle = getComputedStyle(document.documentElement).getPropertyValue("--edge") || "#888";
    pen.fillRect(0, 0, cover.width, cover.height);
    pen.globalCompositeOperation = "destination-out";
    const end = () => { cover.hidden = true; cover.onpointermove = null; done(); };
    cover.onpointermove = (event) => {
      if (event.pointerType === "mouse" && !event.buttons) return;
      pen.beginPath(); pen.arc(event.offsetX, event.offsetY, 22, 0, 7); pen.fill();
      cells.add(`${Math.floor(event.offsetX / 36)}.${Math.floor(event.offsetY / 36)}`);
      if (cells.size * 36 * 36 > cover.width * cover.height * .4) end();
    };
    setTimeout(end, 8000);
  });

  const show = async (said) => {
    outcome.hidden = true;
    if (main.dataset.kind === "spin") await spin(said.position);
    if (main.dataset.kind === "scratch") await scratch(said.headline);
    document.querySelectorAll("[data-day]").forEach((each) => each.classList.toggle("now", Number(each.dataset.day) === said.streak));
    outcome.hidden = false;
    outcome.classList.toggle("won", said.is_won);
    say("headline", said.headline); say("detail", said.detail); say("left", said.left);
    say("receipt", `№ ${said.number} · ${said.client_seed}`);
    $("[data-refused]").hidden = true;
    $("[data-code-line]").hidden = !said.code; say("code", said.code);
    $("[data-copy-code]").hidden = !navigator.clipboard;
    outcome.scrollIntoView({ block: "nearest", behavior: calm ? "auto" : "smooth" });
  };

  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    if (go.disabled) return;
    const label = go.textContent;
    go.disabled = true; go.textContent = words.sending;
    const answer = await ask(wishOf());
    if (answer.body) { store.write(null); form.client_seed.value = token(); await show(answer.body); }
    else if (answer.refused) { if (answer.status !== 429) store.write(null); complain(answer.refused); }
    else complain(words.failed);
    go.disabled = false; go.textContent = label;
  });
  $("[data-copy-code]").addEventListener("click", async (event) => {
    const button = event.currentTarget;
    await navigator.clipboard.writeText($("[data-code]").textContent);
    button.lastChild.textContent = words.copied;
  });
})();

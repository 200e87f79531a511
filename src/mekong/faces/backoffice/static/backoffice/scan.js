// A scanner types like a keyboard and ends with Enter or Tab: each code adds its units to the line it belongs to.
"use strict";
(() => {
  const { $, all, words, fill } = window.mekong;
  const number = (field) => Number(field.value.replace(/[^\d-]/g, "")) || 0;
  // A part of the page may have been drawn anew since the last scan: whatever is needed is looked up each time.
  const box = () => $("[data-scan]");
  const say = (text, tone) => {
    const said = $("[data-scanned]", box());
    said.textContent = text;
    said.className = `hint ${tone}`;
    if (tone === "bad") window.mekong.toast(text, "bad");
  };
  const add = (field, units, name, most) => {
    field.value = number(field) + units;
    field.dispatchEvent(new Event("input", { bubbles: true }));
    const row = field.closest("tr, [data-line]");
    row.classList.remove("counted");
    void row.offsetWidth;
    row.classList.add("counted");
    const count = number(field);
    if (most && count > most) say(fill(words.scannedOver, { name, count, most }), "bad");
    else say(fill(most ? words.scannedOf : words.scanned, { name, count, most }), "ok");
  };
  const codes = (row) => new Map(row.dataset.codes.split("\n").filter(Boolean).map((line) => {
    const at = line.lastIndexOf("=");
    return [line.slice(0, at).toLowerCase(), Number(line.slice(at + 1))];
  }));
  const count = (code) => {
    const row = all("tr[data-codes]").find((each) => codes(each).has(code.toLowerCase()));
    if (!row) { say(fill(words.scannedElse, { code }), "bad"); return; }
    add($("input", row), codes(row).get(code.toLowerCase()), $("[data-name]", row).textContent, Number(row.dataset.most));
  };
  const line = async (code) => {
    const answer = await fetch(`/stock/transfers/scan/?code=${encodeURIComponent(code)}`, { headers: { Accept: "application/json" } });
    if (answer.redirected) { say(words.ended, "bad"); return; }
    const found = await answer.json();
    if (!answer.ok) { say(found.message, "bad"); return; }
    const rows = () => all("[data-line]").map((each) => [each, $("[name=sku]", each), $("[name=quantity]", each)]);
    let row = rows().find(([, sku]) => sku.value.trim().toLowerCase() === found.sku.toLowerCase()) || rows().find(([, sku]) => !sku.value.trim());
    if (!row) { $("[data-add-line]").click(); row = rows().at(-1); $("#scan").focus(); }
    row[1].value = found.sku;
    add(row[2], found.units, found.name, 0);
  };
  let queue = Promise.resolve();
  document.addEventListener("keydown", (event) => {
    if (event.target.id !== "scan" || event.isComposing || event.ctrlKey || !["Enter", "Tab"].includes(event.key)) return;
    const code = event.target.value.trim();
    if (!code) { if (event.key === "Enter") event.preventDefault(); return; }
    event.preventDefault();
    event.target.value = "";
    // One after the other: two quick scans of one code make two, on one line.
    queue = queue.then(() => box().dataset.scan === "lines" ? line(code) : count(code)).catch(() => say(navigator.onLine ? words.failed : words.offline, "bad"));
  });
  document.addEventListener("click", (event) => {
    if (!event.target.closest("[data-fill-counts]")) return;
    all("tr[data-codes]").forEach((row) => { $("input", row).value = row.dataset.most; });
    say(words.countsFilled, "ok");
  });
})();

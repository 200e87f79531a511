// The table of variants: rows drawn again as they pass by, cells typed in place, every edit told what became of it.
"use strict";
(() => {
  const { $, all, words, fill } = window.mekong;
  const box = $("#grid");
  if (!box) return;
  const facts = JSON.parse($("#grid-facts").textContent), said = facts.words, lang = document.documentElement.lang;
  let token = JSON.parse(document.body.getAttribute("hx-headers"))["X-CSRFToken"];
  const ROW = 40, OVER = 6, WINDOW = 100, MOST_KEPT = 4000, CHUNK = 40, MOST_CELLS = 5000;
  const number = new Intl.NumberFormat(lang), money = new Intl.NumberFormat(lang, { maximumFractionDigits: 3 });
  const known = new Map(facts.columns.map((column) => [column.key, column]));
  const category = new Map(facts.categories.map((each) => [each.code, each.word]));
  const state = new Map(facts.states.map((each) => [each.code, each]));
  const WIDE = { text: 140, category: 150, status: 122, money: 112, free: 96, own: 104, stock: 84 };

  let ids = [], place = new Map(), columns = [], left = [];
  let cur = { r: 0, c: 0 }, anchor = null, sort = box.dataset.sort || "", loaded = 0;
  const store = new Map(), marks = new Map(), picked = new Set(), asked = new Set(), undo = [];

  const head = $("[data-head]", box), body = $("[data-body]", box), status = $("[data-status]"), why = $("[data-why]");
  const make = (name, kind = "") => Object.assign(document.createElement(name), { className: kind });
  const post = async (path, sent, tries = 1) => {
    const got = await fetch(`/products/grid/${path}/`, { method: "POST", headers: { "Content-Type": "application/json", "X-CSRFToken": token }, body: JSON.stringify(sent) });
    if (got.status !== 403 || !tries) return got;
    // Signed in again elsewhere: this page's token went with the old session.
    const page = await (await fetch("/products/grid/")).text(), renewed = page.match(/"X-CSRFToken": "(\w+)"/)?.[1];
    if (!renewed || renewed === token) return got;
    token = renewed;
    return post(path, sent, 0);
  };
  const at = (id, key) => `${id}|${key}`;
  const tell = (text) => { status.textContent = text; };

  // What stands in a cell: as it is compared and typed, and as it is read.
  const raw = (row, key) => known.get(key).channel ? row.cells[key].v : String(row[key] ?? "");
  const shown = (row, key) => {
    const kind = known.get(key).kind, mark = marks.get(at(row.id, key));
    if (mark?.value !== undefined && mark.kind !== "ok") return mark.word ?? mark.value;
    if (kind === "money") return row[key] === "" ? "–" : money.format(row[key]);
    if (kind === "own") return row.cells[key].show === "" ? "–" : money.format(row.cells[key].show);
    if (kind === "stock") return row.cells[key].show === "" ? "–" : row.cells[key].show;
    if (kind === "free") return row.free === null ? "–" : number.format(row.free);
    if (kind === "category") return category.get(row.category) || "–";
    if (kind === "status") return state.get(row.status).word;
    return raw(row, key) || "–";
  };
  const copied = (row, key) => {
    const kind = known.get(key).kind;
    if (kind === "own") return row.cells[key].show;
    if (kind === "category" || kind === "status") return shown(row, key);
    return raw(row, key);
  };
  const reason = (row, key) => {
    const column = known.get(key), mark = marks.get(at(row.id, key));
    if (mark?.kind === "bad") return [fill(said.kept, { value: mark.value || said.empty, why: mark.message }), mark.current === undefined ? "" : fill(said.was, { value: mark.current || said.empty })].join(" ");
    const of = column.channel ? row.cells[key].why : key === "free" ? row.why_free : "";
    const lock = column.why && column.kind !== "free" ? fill(said.locked, { why: column.why }) : "";
    return [of, of.includes(column.why) ? "" : lock, column.kind === "stock" && !column.why ? said.limit : "", key === "free" && row.free !== null ? said.adjust : "", column.note].filter(Boolean).join(" ");
  };

  // Drawing: a handful of rows, each shown anew at another place.
  let pool = [], first = -1, version = 0, due = 0;
  const widths = () => {
    const small = innerWidth < 761;
    const list = columns.map((key) => key === "name" ? (small ? 150 : 280) : WIDE[known.get(key).kind]);
    left = []; let x = 36;
    list.forEach((wide) => { left.push(x); x += wide; });
    left.push(x);
    box.style.setProperty("--cols", `36px ${list.map((wide) => `${wide}px`).join(" ")}`);
    box.style.setProperty("--all", `${x}px`);
  };
  const cell_class = (column) => `gc${["money", "own", "stock", "free"].includes(column.kind) ? " n" : ""}${column.key === "name" ? " gname" : ""}${column.kind === "stock" ? " sep" : ""}${column.kind === "status" ? " gst" : ""}`;
  const build = () => {
    widths();
    head.replaceChildren(); body.replaceChildren(); pool = []; first = -1;
    const whole = Object.assign(make("input"), { type: "checkbox" }), corner = make("div", "gc gpick");
    whole.setAttribute("aria-label", box.dataset.all); whole.id = "grid-all"; corner.setAttribute("role", "columnheader"); corner.append(whole);
    head.append(corner);
    columns.forEach((key) => {
      const column = known.get(key), cell = make("div", cell_class(column)), button = make("button", "gsort");
      cell.setAttribute("role", "columnheader"); button.type = "button"; button.dataset.sort = key; button.tabIndex = -1;
      if (column.channel) {
        const mark = make("span", "ch"); mark.dataset.ch = column.channel.hue; mark.textContent = column.channel.letters; mark.setAttribute("aria-hidden", "true");
        const name = make("span", "vh"); name.textContent = column.channel.name;
        button.append(mark, name);
        if (column.note) { cell.classList.add("sick"); cell.title = column.note; }
      }
      button.append(` ${column.word}`);
      const falls = sort === `-${key}`, rises = sort === key;
      cell.setAttribute("aria-sort", falls ? "descending" : rises ? "ascending" : "none");
      if (falls || rises) button.append(make("i", falls ? "down" : "up"));
      cell.append(button); head.append(cell);
    });
    const many = Math.ceil(box.clientHeight / ROW) + 2 * OVER;
    for (let n = 0; n < many; n++) {
      const row = make("div", "gr"); row.setAttribute("role", "row"); row.hidden = true;
      const pick = make("div", "gc gpick"), tick = Object.assign(make("input"), { type: "checkbox", tabIndex: -1 });
      pick.setAttribute("role", "gridcell"); pick.append(tick); row.append(pick);
      columns.forEach((key, c) => {
        const cell = make("div", cell_class(known.get(key)));
        cell.setAttribute("role", "gridcell"); cell.setAttribute("aria-colindex", c + 2);
        if (key === "name") { const picture = make("span", "gpic"), text = make("span", "clip"), sub = make("small"); cell.append(picture, text); cell.picture = picture; cell.text = text; cell.sub = sub; cell.append(sub); }
        else if (known.get(key).kind === "status") { cell.text = make("span", "st"); cell.append(cell.text); }
        else cell.text = cell;
        cell.c = c; row.append(cell);
      });
      row.tick = tick; row.cells = [...row.children].slice(1); row.i = -1; row.drawn = -1;
      pool.push(row); body.append(row);
    }
    body.append(editor);
    version += 1; draw();
  };
  const put = (node, text) => { if (node.last !== text) { node.textContent = text; node.last = text; } };
  const dress = (node, kind) => { if (node.className !== kind) node.className = kind; };
  const attribute = (node, name, value) => { const last = node.kept ??= {}; if (last[name] !== value) { node.setAttribute(name, value); last[name] = value; } };
  const paint = (el, i) => {
    const id = ids[i], row = store.get(id);
    if (el.i !== i) { el.style.transform = `translateY(${i * ROW}px)`; attribute(el, "aria-rowindex", i + 2); el.i = i; }
    if (el.hidden) el.hidden = false;
    el.drawn = version;
    el.tick.checked = picked.has(id);
    attribute(el, "aria-selected", picked.has(id));
    // Rows that fly by before they have come are not drawn at all: the ground has their lines.
    if (el.blank !== !row) { el.blank = !row; el.classList.toggle("blank", !row); }
    if (!row) return;
    attribute(el.tick, "aria-label", fill(said.select, { name: row.sku }));
    const [r0, c0, r1, c1] = range();
    el.cells.forEach((cell, c) => {
      const key = columns[c], column = known.get(key);
      let kind = cell_class(column);
      if (i === cur.r) cell.id = `g-${i}-${c}`; else if (cell.id) cell.removeAttribute("id");
      const mark = marks.get(at(id, key)), own = column.channel ? row.cells[key] : null;
      if (own) kind += ` s-${own.state}${own.own ? " s-own" : ""}`;
      if (column.kind === "free" && row.free !== null && row.free <= 0) kind += " zero";
      if (mark) kind += mark.kind === "wait" ? " sending" : mark.kind === "bad" ? " refused" : " fresh";
      if (i >= r0 && i <= r1 && c >= c0 && c <= c1 && anchor) kind += " in";
      if (i === cur.r && c === cur.c) kind += " cur";
      if (cell.picture) {
        if (cell.picture.last !== row.picture) { cell.picture.innerHTML = row.picture; cell.picture.last = row.picture; }
        put(cell.sub, row.title);
      }
      if (column.kind === "status") dress(cell.text, `st ${state.get(row.status).tone}`);
      put(cell.text, shown(row, key));
      dress(cell, kind);
      attribute(cell, "aria-invalid", mark?.kind === "bad");
    });
  };
  const draw = () => {
    due = 0;
    const top = Math.max(0, Math.floor(box.scrollTop / ROW) - OVER), end = Math.min(ids.length, top + pool.length);
    for (let i = top; i < end; i++) { const el = pool[i % pool.length]; if (el.i !== i || el.drawn !== version) paint(el, i); }
    pool.forEach((el) => { if ((el.i < top || el.i >= end) && !el.hidden) { el.hidden = true; el.i = -1; el.cells.forEach((cell) => cell.id && cell.removeAttribute("id")); } });
    first = top;
    point();
    want(top, end);
  };
  // The cell one is at is named only while it is drawn: scrolled away, it is nowhere.
  const point = () => {
    const here = `g-${cur.r}-${cur.c}`;
    if (document.getElementById(here)) attribute(box, "aria-activedescendant", here);
    else if (box.kept?.["aria-activedescendant"]) { box.removeAttribute("aria-activedescendant"); delete box.kept["aria-activedescendant"]; }
  };
  const later = () => { if (!due) due = requestAnimationFrame(draw); };
  const again = () => { version += 1; later(); };
  const smudge = (from, to) => { pool.forEach((el) => { if (el.i >= from && el.i <= to) el.drawn = -1; }); later(); };
  box.addEventListener("scroll", later, { passive: true });

  // Rows by window, as they come near.
  let wanting = 0;
  const want = (top, end) => {
    if (!ids.slice(top, end).some((id) => !store.has(id) && !asked.has(id))) return;
    clearTimeout(wanting);
    wanting = setTimeout(() => {
      const from = Math.max(0, Math.floor(box.scrollTop / ROW) - 25);
      fetch_rows(ids.slice(from, from + WINDOW).filter((id) => !store.has(id) && !asked.has(id)));
    }, 50);
  };
  const take = (rows) => {
    rows.forEach((row) => {
      const before = store.get(row.id);
      if (before) columns.forEach((key) => { const mark = at(row.id, key); if (!marks.has(mark) && shown(before, key) !== shown(row, key)) flash(mark); });
      store.delete(row.id); store.set(row.id, row);
    });
    if (store.size > MOST_KEPT) {
      const near = new Set(ids.slice(Math.max(0, first - 200), first + 300));
      for (const id of store.keys()) { if (store.size <= MOST_KEPT - 1000) break; if (!near.has(id)) store.delete(id); }
    }
  };
  const flash = (mark) => { marks.set(mark, { kind: "ok" }); setTimeout(() => { if (marks.get(mark)?.kind === "ok") { marks.delete(mark); again(); } }, 1000); };
  const fetch_rows = async (list) => {
    for (let n = 0; n < list.length; n += WINDOW) {
      const part = list.slice(n, n + WINDOW);
      part.forEach((id) => asked.add(id));
      try {
        const got = await post("rows", { ids: part });
        if (!got.ok) throw new Error(got.status);
        const { rows } = await got.json();
        take(rows);
        // A row that went in the meantime is not asked for again and again.
        const there = new Set(rows.map((row) => row.id));
        part.forEach((id) => { if (there.has(id)) asked.delete(id); });
        version += 1; draw(); explain();
      } catch (failed) {
        part.forEach((id) => asked.delete(id));
        tell(failed.message === "401" ? said.ended : navigator.onLine ? words.failed : words.offline);
        return false;
      }
    }
    return true;
  };
  const here = async (list) => {
    const lacking = list.filter((id) => !store.has(id));
    return !lacking.length || await fetch_rows(lacking);
  };
  const index = async () => {
    const query = new URLSearchParams(new FormData(form)), mine = ++loaded;
    if (sort) query.set("sort", sort); else query.delete("sort");
    $("[data-export]").href = `/products/export/?${query}`;
    history.replaceState(null, "", `${location.pathname}?${query}`);
    let got;
    try { got = await fetch(`/products/grid/index/?${query}`, { headers: { "Content-Type": "application/json" } }); } catch { tell(words.offline); return; }
    if (mine !== loaded) return;
    if (!got.ok || got.redirected) { tell(got.status === 401 || got.redirected ? said.ended : words.failed); return; }
    const found = await got.json();
    ids = found.ids; place = new Map(ids.map((id, i) => [id, i]));
    asked.clear();
    body.style.height = `${ids.length * ROW}px`;
    box.setAttribute("aria-rowcount", ids.length + 1);
    cur = { r: Math.min(cur.r, Math.max(0, ids.length - 1)), c: Math.min(cur.c, columns.length - 1) }; anchor = null;
    $("[data-count]").textContent = fill(found.is_cut ? said.cut : said.rows, { count: number.format(ids.length) });
    $("[data-empty]").hidden = ids.length > 0; box.hidden = !ids.length;
    again(); tally();
  };

  // Where one is.
  const range = () => {
    const a = anchor || cur;
    return [Math.min(a.r, cur.r), Math.min(a.c, cur.c), Math.max(a.r, cur.r), Math.max(a.c, cur.c)];
  };
  const explain = () => {
    const row = store.get(ids[cur.r]), key = columns[cur.c];
    point();
    if (!row || !key) { why.textContent = ""; return; }
    const column = known.get(key), bad = marks.get(at(row.id, key))?.kind === "bad";
    why.textContent = [column.channel ? `${column.channel.name}, ${column.word.toLowerCase()}` : column.word, row.sku].join(" · ") + (reason(row, key) ? `: ${reason(row, key)}` : "");
    why.className = `clip ${bad ? "bad" : ""}`;
    why.title = why.textContent;
  };
  const see = () => {
    const y = cur.r * ROW, high = box.clientHeight - ROW;
    if (y < box.scrollTop) box.scrollTop = y; else if (y + ROW > box.scrollTop + high) box.scrollTop = y + ROW - high;
    const pinned = left[1] || 0, x = left[cur.c], end = left[cur.c + 1];
    if (cur.c > 0) { if (x < box.scrollLeft + pinned) box.scrollLeft = x - pinned; else if (end > box.scrollLeft + box.clientWidth) box.scrollLeft = end - box.clientWidth; }
  };
  const go = (r, c, extend = false) => {
    if (!ids.length) return;
    const [was0, , was1] = range();
    if (extend) anchor = anchor || { ...cur }; else anchor = null;
    cur = { r: Math.min(ids.length - 1, Math.max(0, r)), c: Math.min(columns.length - 1, Math.max(0, c)) };
    const [is0, , is1] = range();
    see(); smudge(Math.min(was0, is0), Math.max(was1, is1)); explain();
  };

  // Typing. One field over the cell, so that rows may pass below it.
  const editor = make("div", "gedit");
  editor.hidden = true;
  let open = null;
  const edit = (typed) => {
    const row = store.get(ids[cur.r]), key = columns[cur.c], column = known.get(key);
    if (!row) return false;
    if (key === "free") { if (row.free !== null && typed === undefined) location.assign(`/stock/adjust/?sku=${encodeURIComponent(row.sku)}`); return false; }
    if (column.why) { tell(fill(said.locked, { why: column.why })); return false; }
    if (column.channel && row.cells[key].state === "none") { tell(row.cells[key].why); return false; }
    const mark = marks.get(at(row.id, key));
    const stands = column.kind === "own" ? row.cells[key].show : raw(row, key);
    const choices = column.kind === "category" ? [["", "–"], ...category] : column.kind === "status" ? facts.states.map((each) => [each.code, each.word]) : null;
    const field = choices ? make("select", "select") : make("input", `input${WIDE[column.kind] && column.kind !== "text" ? " n" : ""}`);
    if (choices) choices.forEach(([value, word]) => field.append(new Option(word, value, false, value === row[key])));
    else { field.value = typed !== undefined ? "" : mark?.kind === "bad" ? mark.value : stands; field.autocomplete = "off"; field.spellcheck = false; }
    field.setAttribute("aria-label", `${column.channel ? `${column.channel.name} ` : ""}${column.word}, ${row.sku}`);
    editor.replaceChildren(field);
    editor.style.top = `${cur.r * ROW}px`;
    editor.style.left = `${cur.c ? left[cur.c] : box.scrollLeft + left[0]}px`;
    editor.style.width = `${left[cur.c + 1] - left[cur.c]}px`;
    editor.hidden = false;
    open = { row: row.id, key, field, stands: choices ? row[key] : stands, seen: raw(row, key) };
    field.focus({ preventScroll: true });
    if (field.select && typed === undefined) field.select();
    if (column.kind === "stock") tell(said.limit);
    return true;
  };
  const close = (keep) => {
    if (!open) return;
    const { row, key, field, stands, seen } = open, value = field.value.trim();
    open = null; editor.hidden = true; editor.replaceChildren();
    box.focus({ preventScroll: true });
    const bad = marks.get(at(row, key))?.kind === "bad";
    if (keep && (value !== stands || bad)) send([{ row, column: key, value, seen, word: field.selectedOptions?.[0]?.text }]);
    else { again(); explain(); }
  };
  editor.addEventListener("keydown", (event) => {
    if (event.isComposing) return;
    const choice = event.target.matches("select");
    const act = { Enter: [event.shiftKey ? -1 : 1, 0], Tab: [0, event.shiftKey ? -1 : 1], ...(choice ? {} : { ArrowDown: [1, 0], ArrowUp: [-1, 0] }) }[event.key];
    if (event.key === "Escape") { event.preventDefault(); event.stopPropagation(); close(false); return; }
    event.stopPropagation();
    if (!act || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    close(true);
    go(cur.r + act[0], cur.c + act[1]);
  });
  editor.addEventListener("focusout", (event) => { if (open && !editor.contains(event.relatedTarget)) close(true); });

  // Sending: in order, by the handful; each edit is told apart.
  const queue = [];
  let sending = false, stopped = false;
  const send = (edits, { undoable = true } = {}) => {
    const batch = { left: edits.length, all: edits.length, saved: 0, refused: 0, back: [], undoable };
    edits.forEach((each) => {
      const key = at(each.row, each.column);
      each.follows = marks.get(key)?.kind === "wait";
      each.batch = batch;
      marks.set(key, { kind: "wait", value: each.value, word: each.word });
      queue.push(each);
    });
    tell(said.sending);
    again(); explain();
    pump();
  };
  const done = (each, result) => {
    const { batch } = each, key = at(each.row, each.column);
    batch.left -= 1;
    if (result.ok) {
      batch.saved += 1;
      if (result.before !== result.after) batch.back.push({ row: each.row, column: each.column, value: result.before, seen: result.after });
      flash(key);
    } else {
      batch.refused += 1;
      marks.set(key, { kind: "bad", value: each.value ?? "", word: each.word, message: result.message, current: result.current });
    }
    if (batch.left) { if (batch.all > CHUNK) tell(fill(said.working, { done: number.format(batch.all - batch.left), count: number.format(batch.all) })); return; }
    if (batch.undoable && batch.back.length) { undo.push(batch.back); if (undo.length > 50) undo.shift(); }
    $("[data-undo]").disabled = !undo.length;
    const good = fill(batch.undoable ? said.saved : said.undone, { count: number.format(batch.saved) });
    tell([batch.saved || !batch.refused ? good : "", batch.refused ? `${fill(said.refused, { count: number.format(batch.refused) })}${batch.all === 1 ? `. ${result.message}` : ""}` : ""].filter(Boolean).join(" · "));
    document.dispatchEvent(new CustomEvent("mekong:grid-saved", { detail: { saved: batch.saved, refused: batch.refused } }));
  };
  const OF_PRODUCT = new Set(["name", "category", "status"]);
  const pump = async () => {
    if (sending) return;
    sending = true;
    while (queue.length) {
      const part = queue.splice(0, CHUNK);
      const plain = part.map((each) => {
        const row = store.get(each.row);
        const sent = { row: each.row, column: each.column, seen: each.follows && row ? raw(row, each.column) : each.seen ?? null };
        if (each.shift) sent.shift = each.shift; else sent.value = each.value;
        return sent;
      });
      let message = "";
      try {
        const got = await post("edit", { edits: plain });
        if (got.ok) {
          const { results, rows } = await got.json();
          const products = new Set(part.filter((each) => OF_PRODUCT.has(each.column)).map((each) => store.get(each.row)?.product));
          part.forEach((each) => marks.delete(at(each.row, each.column)));
          take(rows);
          const fresh = new Set(rows.map((row) => row.id));
          if (products.size) for (const [id, row] of store) if (products.has(row.product) && !fresh.has(id)) { store.delete(id); asked.delete(id); }
          part.forEach((each, n) => done(each, results[n]));
        } else if (got.status === 401) message = said.ended;
        else message = (await got.json().catch(() => ({}))).message || words.failed;
      } catch { message = navigator.onLine ? words.failed : words.offline; }
      if (message || stopped) {
        // Nobody knows whether it arrived: the rows are asked for anew, and what was typed stays to be sent again.
        const rest = [...(message ? part : []), ...queue.splice(0)];
        rest.forEach((each) => done(each, { ok: false, message: message || said.cancelled }));
        stopped = false;
        if (message === said.ended && !$(".toast.bad")) window.mekong.toast(said.ended, "bad");
      }
      again(); explain();
    }
    sending = false;
  };
  addEventListener("beforeunload", (event) => { if (sending || [...marks.values()].some((mark) => mark.kind === "bad")) event.preventDefault(); });
  const take_back = () => {
    const back = undo.pop();
    $("[data-undo]").disabled = !undo.length;
    if (!back) { tell(said.nothing); return; }
    if (place.has(back[0].row)) go(place.get(back[0].row), Math.max(0, columns.indexOf(back[0].column)));
    send(back.map((each) => ({ ...each, word: word_of(each.column, each.value) })), { undoable: false });
  };
  const word_of = (key, value) => key === "category" ? category.get(value) : key === "status" ? state.get(value)?.word : undefined;
  $("[data-undo]").addEventListener("click", take_back);

  // Blocks: from and to other programs, and down a column.
  const block = async (cells) => {
    // cells: [row place, column place, text]; what cannot be typed is told cell by cell as well.
    if (cells.length > MOST_CELLS) { tell(fill(said.tooLong, { count: number.format(MOST_CELLS) })); return; }
    if (!await here([...new Set(cells.map(([r]) => ids[r]))])) return;
    const edits = [];
    cells.forEach(([r, c, text]) => {
      const row = store.get(ids[r]), key = columns[c], column = known.get(key);
      if (!row) return;
      const none = column.channel && row.cells[key].state === "none";
      if (column.why || none) { if (text !== "" && text !== copied(row, key)) marks.set(at(row.id, key), { kind: "bad", value: text, message: none ? row.cells[key].why : column.why }); return; }
      if (text === (column.channel && (text === "" || column.kind === "stock") ? raw(row, key) : copied(row, key)) && marks.get(at(row.id, key))?.kind !== "bad") return;
      edits.push({ row: row.id, column: key, value: text, seen: raw(row, key) });
    });
    if (edits.length) send(edits); else again();
  };
  const lines = (text) => text.replace(/\r\n?/g, "\n").replace(/\n$/, "").split("\n").map((line) => line.split("\t").map((cell) => /^".*"$/s.test(cell) ? cell.slice(1, -1).replaceAll('""', '"') : cell.trim()));
  box.addEventListener("paste", (event) => {
    if (open) return;
    event.preventDefault();
    const table = lines(event.clipboardData.getData("text/plain")), [r0, c0, r1, c1] = range(), cells = [];
    const one = table.length === 1 && table[0].length === 1;
    if (one && anchor) { for (let r = r0; r <= r1; r++) for (let c = c0; c <= c1; c++) cells.push([r, c, table[0][0]]); }
    else table.forEach((line, dr) => line.forEach((text, dc) => { if (r0 + dr < ids.length && c0 + dc < columns.length) cells.push([r0 + dr, c0 + dc, text]); }));
    if (!one) { cur = { r: Math.min(ids.length - 1, r0 + table.length - 1), c: Math.min(columns.length - 1, c0 + table[0].length - 1) }; anchor = { r: r0, c: c0 }; }
    block(cells);
  });
  box.addEventListener("copy", (event) => {
    if (open) return;
    const [r0, c0, r1, c1] = range(), rows = [];
    for (let r = r0; r <= r1; r++) { const row = store.get(ids[r]); if (row) rows.push(columns.slice(c0, c1 + 1).map((key) => copied(row, key)).join("\t")); }
    event.clipboardData.setData("text/plain", rows.join("\n"));
    event.preventDefault();
  });
  const fill_down = async () => {
    const [r0, c0, r1, c1] = range(), cells = [];
    const from = store.get(ids[r0]);
    if (!from || r1 === r0) return;
    for (let c = c0; c <= c1; c++) for (let r = r0 + 1; r <= r1; r++) cells.push([r, c, known.get(columns[c]).kind === "stock" ? raw(from, columns[c]) : copied(from, columns[c])]);
    await block(cells);
  };

  // Keys
  const EMPTY = new Set(["barcode", "cost", "category"]);
  box.addEventListener("keydown", (event) => {
    if (editor.contains(event.target) || event.target.matches("button")) return;
    const command = event.ctrlKey || event.metaKey, page = Math.max(1, Math.floor(box.clientHeight / ROW) - 2), shift = event.shiftKey;
    const moves = {
      ArrowDown: [command ? ids.length : cur.r + 1, cur.c], ArrowUp: [command ? 0 : cur.r - 1, cur.c],
      ArrowRight: [cur.r, command ? columns.length : cur.c + 1], ArrowLeft: [cur.r, command ? 0 : cur.c - 1],
      PageDown: [cur.r + page, cur.c], PageUp: [cur.r - page, cur.c],
      Home: [command ? 0 : cur.r, 0], End: [command ? ids.length : cur.r, columns.length],
    };
    const key = event.key;
    let did = true;
    if (moves[key] && !event.altKey) go(...moves[key], shift);
    else if (key === "Tab") { const next = cur.c + (shift ? -1 : 1); did = next >= 0 && next < columns.length && !command; if (did) go(cur.r, next); }
    else if (command && key.toLowerCase() === "z") take_back();
    else if (command && key.toLowerCase() === "d") fill_down();
    else if (command && key.toLowerCase() === "a") { anchor = { r: 0, c: cur.c }; cur = { r: ids.length - 1, c: cur.c }; again(); }
    else if (command || event.altKey) did = false;
    else if (key === "Enter" || key === "F2") edit();
    else if (key === " " && shift) { const [r0, , r1] = range(); for (let r = r0; r <= r1; r++) if (r1 > r0 || !picked.has(ids[r])) picked.add(ids[r]); else picked.delete(ids[r]); again(); tally(); }
    else if (key === "Escape") {
      const mark = at(ids[cur.r], columns[cur.c]);
      if (sending && queue.length) stopped = true;
      else if (marks.get(mark)?.kind === "bad") { marks.delete(mark); again(); explain(); }
      else if (anchor) { anchor = null; again(); }
      else drop();
    } else if (key === "Delete" || key === "Backspace") {
      const [r0, c0, r1, c1] = range(), cells = [];
      for (let r = r0; r <= r1; r++) for (let c = c0; c <= c1; c++) if (EMPTY.has(columns[c]) || known.get(columns[c]).channel) cells.push([r, c, ""]);
      block(cells);
    } else if (key.length === 1 || key === "Process" || key === "Dead") { did = edit(key); event.stopPropagation(); if (did && key.length === 1 && !open?.field.matches("select")) return; did = did && open?.field.matches("select"); }
    else did = false;
    if (did) { event.preventDefault(); event.stopPropagation(); }
  });

  // Mouse and touch
  let dragging = false, tapped = false;
  const cell_at = (event) => { const cell = event.target.closest(".gr > .gc"); return cell && { r: cell.parentNode.i, c: cell.c, cell }; };
  body.addEventListener("pointerdown", (event) => {
    const hit = cell_at(event);
    if (!hit || event.button) return;
    if (hit.c === undefined) return;
    if (open) close(true);
    tapped = event.pointerType !== "mouse" && hit.r === cur.r && hit.c === cur.c && document.activeElement === box;
    go(hit.r, hit.c, event.shiftKey);
    dragging = event.pointerType === "mouse";
    if (dragging) event.preventDefault();
    box.focus({ preventScroll: true });
  });
  body.addEventListener("pointermove", (event) => {
    if (!dragging || !event.buttons) { dragging = false; return; }
    const hit = cell_at(event);
    if (hit && hit.c !== undefined && (hit.r !== cur.r || hit.c !== cur.c)) go(hit.r, hit.c, true);
  });
  addEventListener("pointerup", () => { dragging = false; });
  body.addEventListener("dblclick", (event) => { if (cell_at(event)?.c !== undefined) edit(); });
  let last = -1;
  body.addEventListener("click", (event) => {
    // On a screen that is touched the second tap types.
    if (tapped) { tapped = false; edit(); return; }
    const tick = $("input", event.target.closest(".gpick") || make("i"));
    if (!tick) return;
    if (event.target !== tick) tick.checked = !tick.checked;
    const i = tick.closest(".gr").i;
    const [from, to] = event.shiftKey && last >= 0 ? [Math.min(last, i), Math.max(last, i)] : [i, i];
    for (let r = from; r <= to; r++) if (tick.checked) picked.add(ids[r]); else picked.delete(ids[r]);
    last = i; again(); tally();
  });
  head.addEventListener("click", (event) => {
    const key = event.target.closest("[data-sort]")?.dataset.sort;
    if (key) { sort = sort === key ? `-${key}` : sort === `-${key}` ? "" : key; box.scrollTop = 0; build(); index(); return; }
    if (event.target.id === "grid-all") { if (event.target.checked) ids.forEach((id) => picked.add(id)); else picked.clear(); again(); tally(); }
  });

  // Many at once
  const bar = $("[data-grid-bulk]"), dialog = $("#grid-change"), change = $("form", dialog);
  const tally = () => {
    bar.hidden = !picked.size;
    $("[data-picked]").textContent = fill(said.picked, { count: number.format(picked.size) });
    const whole = $("#grid-all");
    if (whole) { whole.checked = picked.size > 0 && picked.size >= ids.length; whole.indeterminate = picked.size > 0 && !whole.checked; }
  };
  const drop = () => { picked.clear(); again(); tally(); };
  $("[data-grid-drop]").addEventListener("click", drop);
  const wish = () => {
    const key = change.elements.column.value, kind = known.get(key)?.kind, priced = kind === "money" || kind === "own";
    const how = priced ? change.elements.how.value : "set";
    const value = kind === "status" ? change.elements.status.value : kind === "category" ? change.elements.category.value : change.elements.value.value.trim();
    all("[data-for]", change).forEach((each) => { each.hidden = !each.dataset.for.split(" ").some((name) => name === (kind === "status" || kind === "category" ? kind : how === "round" ? "round" : "typed") || (name === "priced" && priced) || (name === "step" && priced && how !== "set")); });
    $("[data-stock-hint]", change).hidden = kind !== "stock";
    if (how === "set") return { column: key, value };
    const percent = Math.round(Number(value.replace("%", "").replace(",", ".").replace("\u2212", "-")) * 100);
    const step = change.elements.step.value;
    if (how === "percent") return Number.isFinite(percent) && value ? { column: key, shift: { percent_bp: percent, add: "", round_to: step } } : null;
    if (how === "add") return value ? { column: key, shift: { percent_bp: 0, add: value, round_to: step } } : null;
    return { column: key, shift: { percent_bp: 0, add: "", round_to: step || "1000" } };
  };
  const apply = $("[data-apply]", change), told = $("[data-plan]", change);
  let planning = 0, planned = 0;
  const plan = () => {
    const asked_for = wish(), mine = ++planned;
    clearTimeout(planning);
    apply.disabled = true;
    told.replaceChildren();
    if (!asked_for) return;
    planning = setTimeout(async () => {
      const got = await post("plan", { rows: [...picked], ...asked_for }).catch(() => null);
      if (mine !== planned) return;
      if (!got?.ok) { told.textContent = (await got?.json().catch(() => null))?.message || words.failed; return; }
      const found = await got.json(), kind = known.get(asked_for.column).kind;
      const lead = make("p", "mid");
      lead.textContent = [fill(said.plan, { changed: number.format(found.changed), count: number.format(found.rows) }), found.wrong ? fill(said.planWrong, { count: number.format(found.wrong) }) : ""].filter(Boolean).join(" ");
      told.append(lead);
      const form_of = (text) => text === "" ? said.empty : kind === "money" || kind === "own" ? money.format(text) : word_of(asked_for.column, text) || text;
      found.examples.forEach((each) => {
        const line = make("p", "small muted");
        line.textContent = `${[each.name, each.title].filter(Boolean).join(" · ")}: ${form_of(each.before)} → ${form_of(each.after)}`;
        told.append(line);
      });
      apply.disabled = !found.changed;
    }, 250);
  };
  change.addEventListener("input", plan);
  $("[data-grid-change]").addEventListener("click", () => {
    const offered = [...change.elements.column.options].map((each) => each.value);
    change.elements.column.value = [columns[cur.c], "price", offered[0]].find((key) => offered.includes(key));
    $("[data-n]", dialog).textContent = number.format(picked.size);
    dialog.showModal(); plan(); change.elements.column.focus();
  });
  change.addEventListener("submit", (event) => {
    event.preventDefault(); event.stopPropagation();
    const wanted = wish();
    if (!wanted || apply.disabled) return;
    dialog.close();
    send([...picked].map((row) => ({ row, column: wanted.column, seen: null, ...(wanted.shift ? { shift: wanted.shift } : { value: wanted.value, word: word_of(wanted.column, wanted.value) }) })));
    box.focus({ preventScroll: true });
  });

  // Filters, columns, size, news
  const form = $("#grid-filters");
  let typing = 0;
  form.addEventListener("submit", (event) => { event.preventDefault(); event.stopPropagation(); index(); });
  form.addEventListener("input", () => { clearTimeout(typing); typing = setTimeout(() => { box.scrollTop = 0; index(); }, 250); });
  const chosen = () => { columns = facts.columns.map((each) => each.key).filter((key) => key === "name" || $(`[data-col="${CSS.escape(key)}"]`)?.checked); };
  all("[data-col]").forEach((tick) => tick.addEventListener("change", () => {
    chosen(); cur = { r: cur.r, c: Math.min(cur.c, columns.length - 1) }; anchor = null; build(); explain();
    post("layout", { columns }).then((got) => { if (!got.ok) tell(got.status === 401 ? said.ended : words.failed); }, () => tell(words.offline));
  }));
  const size = () => {
    const foot = $("[data-foot]").offsetHeight + (innerWidth < 761 ? 84 : 36);
    box.style.height = `${Math.max(320, innerHeight - box.getBoundingClientRect().top - scrollY - foot)}px`;
    build();
  };
  let sizing = 0;
  addEventListener("resize", () => { cancelAnimationFrame(sizing); sizing = requestAnimationFrame(size); });
  let looking = 0;
  const look = () => {
    if (looking) return;
    looking = setTimeout(() => { looking = 0; if (sending || document.hidden) return; const top = Math.max(0, first); fetch_rows(ids.slice(top, top + pool.length).filter((id) => store.has(id))); }, 1500);
  };
  ["live-stock", "live-channels"].forEach((name) => document.body.addEventListener(name, look));
  setInterval(() => { if (!document.hidden && ids.slice(Math.max(0, first), first + pool.length).some((id) => Object.values(store.get(id)?.cells || {}).some((cell) => cell.state === "wait"))) look(); }, 4000);

  chosen(); size(); index().then(explain);
})();

// Pictures of a product: dropped or chosen by the handful, sent one after another, with how far they are; put in order by dragging.
"use strict";
(() => {
  const { $, all, words, fill } = window.mekong;
  const box = () => $("[data-pictures]");
  if (!box()) return;
  const token = () => $("[name=csrfmiddlewaretoken]", box()).value;
  const KINDS = ["image/jpeg", "image/png", "image/webp", "image/gif"];

  const show = (html) => {
    const list = $("[data-uploads]", box());
    box().outerHTML = html;
    $("[data-uploads]", box()).replaceWith(list);
    window.htmx?.process(box());
  };
  const renew = () => fetch(box().dataset.url, { headers: { "HX-Request": "true" } }).then((got) => got.ok && got.text().then(show));

  // Uploads
  const waiting = [];
  let running = 0, added = 0;
  const line = (file) => {
    const item = document.createElement("li"), name = document.createElement("span"), bar = document.createElement("progress"), state = document.createElement("span");
    name.textContent = file.name; name.className = "clip"; bar.max = 100; bar.value = 0; bar.setAttribute("aria-label", file.name);
    item.append(name, bar, state);
    $("[data-uploads]", box()).append(item);
    return { item, bar, state };
  };
  const refuse = (row, text) => { row.bar.remove(); row.state.textContent = text; row.item.className = "bad"; };
  const send = ({ file, row }) => {
    const call = new XMLHttpRequest(), form = new FormData();
    form.append("picture", file);
    call.open("POST", box().dataset.url);
    call.setRequestHeader("X-CSRFToken", token());
    call.setRequestHeader("HX-Request", "true");
    call.upload.addEventListener("progress", (event) => { if (event.lengthComputable) row.bar.value = 100 * event.loaded / event.total; });
    call.addEventListener("load", () => {
      let said = "";
      try { said = JSON.parse(call.responseText).message; } catch { said = words.failed; }
      if (call.status === 200) { added += 1; row.bar.value = 100; row.item.remove(); } else refuse(row, call.status === 401 ? words.ended : said || words.failed);
    });
    call.addEventListener("error", () => refuse(row, navigator.onLine ? words.failed : words.offline));
    call.addEventListener("loadend", () => { running -= 1; next(); });
    running += 1;
    call.send(form);
  };
  const next = () => {
    if (!running && waiting.length) send(waiting.shift());
    if (!running && added) { const n = added; added = 0; renew().then(() => window.mekong.toast(fill(words.picturesAdded, { count: n }))); }
  };
  const take = (files) => {
    all(".bad", $("[data-uploads]", box())).forEach((old) => old.remove());
    [...files].forEach((file) => {
      const row = line(file);
      if (!KINDS.includes(file.type)) refuse(row, words.notAPicture);
      else if (file.size > Number(box().dataset.most)) refuse(row, words.pictureTooLarge);
      else waiting.push({ file, row });
    });
    next();
  };
  document.addEventListener("change", (event) => {
    if (!event.target.matches("[data-pictures] input[type=file]")) return;
    take(event.target.files);
    event.target.value = "";
  });
  addEventListener("beforeunload", (event) => { if (running) event.preventDefault(); });

  // Dragging: files from outside are uploaded, a picture goes to another place.
  let moved = null;
  const outside = (event) => [...(event.dataTransfer?.types || [])].includes("Files");
  const over = (on) => box().classList.toggle("over", on);
  document.addEventListener("dragstart", (event) => {
    moved = event.target.closest?.("[data-pictures] [data-pic]");
    if (!moved) return;
    event.dataTransfer.effectAllowed = "move";
    event.dataTransfer.setData("text/plain", moved.dataset.pic);
    moved.classList.add("moving");
  });
  document.addEventListener("dragover", (event) => {
    if (!event.target.closest?.("[data-pictures]")) { over(false); return; }
    if (outside(event)) { event.preventDefault(); over(true); return; }
    const other = event.target.closest("[data-pic]");
    if (!moved) return;
    event.preventDefault();
    if (!other || other === moved || other.dataset.owner !== moved.dataset.owner) return;
    const list = [...other.parentNode.children];
    if (list.indexOf(other) > list.indexOf(moved)) other.after(moved); else other.before(moved);
  });
  document.addEventListener("drop", (event) => {
    if (!event.target.closest?.("[data-pictures]")) return;
    event.preventDefault();
    over(false);
    if (outside(event)) { take(event.dataTransfer.files); return; }
    if (!moved) return;
    const form = new FormData();
    all("[data-pic]", box()).forEach((each) => form.append("picture", each.dataset.pic));
    fetch(`${box().dataset.url}order/`, { method: "POST", body: form, headers: { "X-CSRFToken": token(), "HX-Request": "true" } })
      .then((got) => { if (!got.ok) throw new Error(got.status); return got.text(); }).then(show)
      .catch((failed) => { window.mekong.toast(failed.message === "401" ? words.ended : words.failed, "bad"); renew(); });
  });
  document.addEventListener("dragend", () => { moved?.classList.remove("moving"); moved = null; over(false); });
})();

// The category tree by dragging: onto a category goes inside, onto its upper or lower edge goes before or after it.
"use strict";
(() => {
  const { $, all } = window.mekong;
  const tree = $("[data-tree]"), form = $("#move");
  if (!tree) return;
  let moved = null, target = null, where = "";
  const clear = () => { target?.classList.remove("before", "inside", "after"); target = null; };
  const below = (item) => {
    const rows = all("li", tree), depth = (row) => Number(row.style.getPropertyValue("--d")), found = [];
    for (let at = rows.indexOf(item) + 1; at < rows.length && depth(rows[at]) > depth(item); at++) found.push(rows[at]);
    return found;
  };
  tree.addEventListener("dragstart", (event) => {
    moved = event.target.closest("li");
    if (!moved) return;
    event.dataTransfer.effectAllowed = "move";
    event.dataTransfer.setData("text/plain", moved.dataset.code);
    [moved, ...below(moved)].forEach((row) => row.classList.add("moving"));
  });
  tree.addEventListener("dragover", (event) => {
    const row = event.target.closest("li");
    if (!moved || !row || row.classList.contains("moving")) { clear(); return; }
    event.preventDefault();
    const box = row.getBoundingClientRect(), part = (event.clientY - box.top) / box.height;
    if (target !== row) clear();
    target = row;
    where = part < 0.28 ? "before" : part > 0.72 ? "after" : "inside";
    ["before", "inside", "after"].forEach((each) => row.classList.toggle(each, each === where));
  });
  tree.addEventListener("dragleave", (event) => { if (!tree.contains(event.relatedTarget)) clear(); });
  tree.addEventListener("drop", (event) => {
    event.preventDefault();
    if (!moved || !target) return;
    const set = (name, value) => { $(`[name=${name}]`, form).value = value; };
    set("code", moved.dataset.code);
    set("parent", where === "inside" ? target.dataset.code : target.dataset.parent);
    set("before", where === "before" ? target.dataset.code : where === "after" && target.dataset.next !== moved.dataset.code ? target.dataset.next : where === "after" ? moved.dataset.next : "");
    form.requestSubmit();
  });
  tree.addEventListener("dragend", () => { all(".moving", tree).forEach((row) => row.classList.remove("moving")); clear(); moved = null; });
})();

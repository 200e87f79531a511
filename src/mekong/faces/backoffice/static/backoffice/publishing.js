// Publishing: the picker of a platform's categories, and news of what is on its way that wait while somebody acts.
"use strict";
(() => {
  const { $, all } = window.mekong;

  const picker = $("#picker"), find = $("#find"), found = $("#found-categories");
  const options = () => all("[role=option]", found).filter((each) => $("button", each));
  const choose = (n) => {
    const list = options();
    if (!list.length) { find.removeAttribute("aria-activedescendant"); return; }
    const at = (n + list.length) % list.length;
    list.forEach((each, place) => each.setAttribute("aria-selected", place === at));
    list[at].scrollIntoView({ block: "nearest" });
    find.setAttribute("aria-activedescendant", list[at].id);
  };
  document.addEventListener("click", (event) => {
    const opener = event.target.closest("[data-choose]");
    if (!opener || !picker) return;
    event.preventDefault();
    $("[name=category]", picker).value = opener.dataset.choose;
    $("[data-picker-name]", picker).textContent = find.value = opener.dataset.name;
    picker.showModal();
    find.select();
    find.dispatchEvent(new Event("open"));
  });
  found?.addEventListener("htmx:afterSwap", () => choose(0));
  find?.addEventListener("keydown", (event) => {
    const at = options().findIndex((each) => each.getAttribute("aria-selected") === "true");
    if (event.key === "ArrowDown") { choose(at + 1); event.preventDefault(); }
    else if (event.key === "ArrowUp") { choose(at - 1); event.preventDefault(); }
    else if (event.key === "Enter") { event.preventDefault(); $("button", options()[Math.max(at, 0)] || found)?.click(); }
  });

  // The list renews itself while something is under way, but not under somebody's hands.
  const busy = () => document.hidden || $("dialog[open], #list details[open]") || $("#list input:not([type=checkbox]):focus, #list select:focus");
  document.addEventListener("htmx:beforeRequest", (event) => { if (event.detail.elt.matches("[data-moving]") && busy()) event.preventDefault(); });
  document.addEventListener("htmx:beforeSwap", (event) => { if (event.detail.requestConfig?.elt?.matches("[data-moving]") && busy()) event.detail.shouldSwap = false; });
})();

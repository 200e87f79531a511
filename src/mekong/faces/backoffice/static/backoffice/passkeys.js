// Passkeys: a form with data-passkey asks the server what to make or to sign, the device for it, and sends the answer.
"use strict";
(() => {
  if (!window.PublicKeyCredential) return;
  const bytes = (text) => Uint8Array.from(atob(text.replace(/-/g, "+").replace(/_/g, "/")), (letter) => letter.charCodeAt(0));
  const text = (buffer) => btoa(String.fromCharCode(...new Uint8Array(buffer))).replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");
  const known = (list) => (list || []).map((each) => ({ ...each, id: bytes(each.id) }));

  const ask = async (form, url, body) => {
    const csrf = form.querySelector("[name=csrfmiddlewaretoken]").value;
    const answer = await fetch(url, { method: "POST", headers: { "Content-Type": "application/json", "X-CSRFToken": csrf }, body: JSON.stringify(body) });
    return { ok: answer.ok, said: await answer.json() };
  };
  const make = async (options) => {
    const made = await navigator.credentials.create({ publicKey: { ...options, challenge: bytes(options.challenge), user: { ...options.user, id: bytes(options.user.id) }, excludeCredentials: known(options.excludeCredentials) } });
    const { response } = made;
    return { id: made.id, rawId: text(made.rawId), type: made.type, clientExtensionResults: {}, response: { clientDataJSON: text(response.clientDataJSON), attestationObject: text(response.attestationObject), transports: response.getTransports?.() || [] } };
  };
  const sign = async (options) => {
    const made = await navigator.credentials.get({ publicKey: { ...options, challenge: bytes(options.challenge), allowCredentials: known(options.allowCredentials) } });
    const { response } = made;
    return { id: made.id, rawId: text(made.rawId), type: made.type, clientExtensionResults: {}, response: { clientDataJSON: text(response.clientDataJSON), authenticatorData: text(response.authenticatorData), signature: text(response.signature), userHandle: response.userHandle ? text(response.userHandle) : null } };
  };

  document.querySelectorAll("form[data-passkey]").forEach((form) => {
    form.hidden = false;
    const why = form.querySelector("[role=alert]"), button = form.querySelector("button");
    const say = (sentence) => { why.textContent = sentence; why.hidden = !sentence; };
    form.addEventListener("submit", async (event) => {
      event.preventDefault();
      event.stopPropagation();
      if (button.getAttribute("aria-busy")) return;
      button.setAttribute("aria-busy", "true");
      say("");
      try {
        const asked = await ask(form, form.dataset.options, {});
        if (asked.said.to) { location.assign(asked.said.to); return; }
        if (!asked.ok) { say(asked.said.message || form.dataset.failed); return; }
        const answer = await (form.dataset.passkey === "create" ? make : sign)(asked.said.publicKey);
        const name = form.querySelector("[name=name]")?.value;
        const taken = await ask(form, form.getAttribute("action") + (name === undefined ? "" : `?name=${encodeURIComponent(name)}`), answer);
        if (taken.said.to) location.assign(taken.said.to); else say(taken.said.message || form.dataset.failed);
      } catch {
        say(form.dataset.failed);
      } finally {
        button.removeAttribute("aria-busy");
      }
    });
  });
})();

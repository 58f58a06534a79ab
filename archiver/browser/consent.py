"""Consent banners, answered once if the collector asked for that: refused if the banner lets, else accepted.

Only buttons and links inside something that looks like such a banner are pressed, and only if their whole text is one
of a list of phrases. Which was pressed is recorded; what the page then does is part of the visit.
"""

from __future__ import annotations

REFUSE = (
    "reject all", "reject", "decline all", "decline", "refuse all", "refuse", "deny all", "deny", "disagree",
    "only necessary", "necessary only", "only essential", "essential only", "use necessary cookies only",
    "continue without accepting", "continue without agreeing", "do not accept",
    "alle ablehnen", "ablehnen", "nur notwendige", "nur notwendige cookies", "nur erforderliche",
    "weiter ohne zustimmung",
    "tout refuser", "refuser", "refuser tout", "continuer sans accepter",
    "rechazar todo", "rechazar", "rechazar todas", "solo necesarias", "continuar sin aceptar",
    "rifiuta tutto", "rifiuta", "continua senza accettare", "solo necessari",
    "rejeitar tudo", "rejeitar", "recusar", "continuar sem aceitar",
    "alles weigeren", "weigeren", "alleen noodzakelijke", "odrzuć wszystko", "odrzuć", "odmítnout vše", "odmítnout",
    "avvisa alla", "afvis alle", "hylkää kaikki", "відхилити все", "отклонить все", "رفض الكل", "すべて拒否",
)  # fmt: skip
ACCEPT = (
    "accept all", "accept all cookies", "accept", "accept cookies", "agree", "i agree", "i accept", "agree and close",
    "agree and continue", "allow all", "allow all cookies", "allow", "ok", "okay", "got it", "yes, i agree", "consent",
    "alle akzeptieren", "akzeptieren", "zustimmen", "alle cookies akzeptieren", "einverstanden", "zustimmen und weiter",
    "tout accepter", "accepter", "accepter et fermer", "j’accepte", "j'accepte", "accepter tout",
    "aceptar todo", "aceptar", "aceptar y continuar", "aceptar todas", "accetta tutto", "accetta", "accetto",
    "aceitar tudo", "aceitar", "aceito", "alles accepteren", "accepteren", "akkoord",
    "akceptuję", "zaakceptuj wszystko", "zgadzam się", "přijmout vše", "souhlasím",
    "godkänn alla", "accepter alle", "hyväksy kaikki", "прийняти все", "принять все", "قبول الكل", "同意する",
)  # fmt: skip

# Presses the best button of a banner in this document; {text, refused} or null. Runs in a world of our own.
PRESS = """
(refuse, accept) => {
  const plain = (text) => text.replace(/[\\s\\u00a0]+/g, " ").replace(/^[^\\p{L}\\p{N}]+|[^\\p{L}\\p{N}]+$/gu, "")
    .trim().toLowerCase();
  const hint = /consent|cookie|gdpr|ccpa|cmp|privacy|onetrust|didomi|usercentrics|quantcast|sp_message|qc-|truste/i;
  const said = /cookie|consent|privacy|datenschutz|einwilligung|vie privée|privacidad|trackers|partners|zgod/i;
  const inBanner = (element) => {
    for (let at = element, depth = 0; at && depth < 25; depth++) {
      if (at.nodeType === 1 && at !== document.body && at !== document.documentElement) {
        const names = [at.id, at.getAttribute("class"), at.getAttribute("aria-label"), at.localName].join(" ");
        const dialog = /dialog/.test(at.getAttribute("role") || "") || at.getAttribute("aria-modal") === "true";
        if (hint.test(names) || (dialog && said.test((at.innerText || "").slice(0, 5000)))) return true;
      }
      at = at.parentNode || at.host;
    }
    return hint.test(location.hostname + location.pathname) && window !== top;
  };
  const shown = (element) => {
    const box = element.getBoundingClientRect();
    return box.width > 0 && box.height > 0 && getComputedStyle(element).visibility !== "hidden";
  };
  const found = [];
  const look = (root) => {
    for (const element of root.querySelectorAll("*")) {
      if (found.length > 400) return;
      if (element.shadowRoot) look(element.shadowRoot);
      if (!/^(button|a|input)$/.test(element.localName) && element.getAttribute("role") !== "button") continue;
      const text = plain(element.innerText || element.value || element.getAttribute("aria-label") || "");
      if (text && text.length < 60 && shown(element)) found.push([element, text]);
    }
  };
  look(document);
  for (const [list, refused] of [[refuse, true], [accept, false]])
    for (const phrase of list)
      for (const [element, text] of found)
        if (text === phrase && inBanner(element)) { element.click(); return {text, refused}; }
  return null;
}
"""

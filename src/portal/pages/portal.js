// Only adds to pages that work without it: buttons that copy, and regions that follow what happens.

const COPIED_MS = 2_000;
/** Events that come together are one change. */
const SETTLE_MS = 400;
const RETRY_MS = 30_000;

/** Says it to whoever listens to the page instead of looking at it. */
function announce(text) {
  const place = document.getElementById("announcements");
  if (place) place.textContent = text;
}

/** A button beside every line that is there to be pasted elsewhere. */
function offerCopies(root) {
  if (!navigator.clipboard) return;
  for (const line of root.querySelectorAll("[data-copy]")) {
    if (line.nextElementSibling?.matches("button.copy")) continue;
    const button = document.createElement("button");
    button.type = "button";
    button.className = "quiet copy";
    button.textContent = "Copy";
    button.addEventListener("click", () => copy(line, button));
    line.after(button);
  }
}

async function copy(line, button) {
  try {
    // What a file is indented by belongs to what is pasted into it.
    await navigator.clipboard.writeText(line.textContent.replace(/^\n+/, "").trimEnd());
    button.textContent = "Copied";
    announce("Copied.");
  } catch {
    // The browser does not allow it: then the line is at least marked, to be copied by hand.
    getSelection()?.selectAllChildren(line);
    button.textContent = "Marked";
  }
  setTimeout(() => {
    button.textContent = "Copy";
  }, COPIED_MS);
}

/** Makes `from` say what `to` says, in place: focus, selection and opened details stay where they are. */
function morph(from, to) {
  if (from.nodeType !== to.nodeType || from.nodeName !== to.nodeName || keyOf(from) !== keyOf(to)) {
    from.replaceWith(to);
    return;
  }
  if (from.nodeType !== Node.ELEMENT_NODE) {
    if (from.nodeValue !== to.nodeValue) from.nodeValue = to.nodeValue;
    return;
  }
  if (from.isEqualNode(to)) return;
  if (from.matches("tr[data-key], li[data-key]") && from.textContent !== to.textContent) flash(from);
  morphAttributes(from, to);
  const known = new Map([...from.children].filter(keyOf).map((child) => [keyOf(child), child]));
  const wantedKeys = new Set([...to.children].map(keyOf));
  let at = from.firstChild;
  for (const wanted of [...to.childNodes]) {
    const same = keyOf(wanted) ? known.get(keyOf(wanted)) : undefined;
    // What is not wanted any more goes first, so that what stays need not move: an element that moves loses the focus.
    while (at && at !== same && (keyOf(at) ? !wantedKeys.has(keyOf(at)) : same)) at = removed(at);
    if (same && same !== at) from.insertBefore(same, at);
    const current = same ?? at;
    if (!current || (!same && keyOf(current) && keyOf(current) !== keyOf(wanted))) {
      from.insertBefore(wanted, at);
      continue;
    }
    at = current.nextSibling;
    morph(current, wanted);
  }
  while (at) at = removed(at);
}

/** Takes a node away; returns the one after it. */
function removed(node) {
  const next = node.nextSibling;
  node.remove();
  return next;
}

function keyOf(node) {
  return node.dataset?.key || node.id || "";
}

function morphAttributes(from, to) {
  for (const { name, value } of [...to.attributes])
    if (from.getAttribute(name) !== value) from.setAttribute(name, value);
  for (const { name } of [...from.attributes]) {
    const kept = name === "class" || (name === "open" && from.nodeName === "DETAILS");
    if (!kept && !to.hasAttribute(name)) from.removeAttribute(name);
  }
}

function flash(element) {
  element.classList.remove("changed");
  requestAnimationFrame(() => element.classList.add("changed"));
}

/** Reads the page again and takes over the regions that differ. */
async function refresh(address) {
  const answer = await fetch(address, { headers: { accept: "text/html" } });
  if (!answer.ok || answer.redirected) return;
  const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
  const changed = [];
  for (const region of document.querySelectorAll("[data-live]")) {
    const next = fresh.getElementById(region.id);
    if (!next) continue;
    const before = region.textContent;
    morph(region, next);
    if (region.textContent !== before && region.dataset.live) changed.push(region.dataset.live);
  }
  offerCopies(document);
  if (changed.length > 0) announce(`Updated: ${changed.join(", ")}.`);
}

/** Follows the repositories of `scope` (all that one sees, if it is empty) while the page is looked at. */
function follow(freshness, scope) {
  let source;
  let settle;
  let retry;
  let lastId = "";
  let opened = false;

  const show = (live) => {
    freshness.classList.toggle("live", live);
    freshness.querySelector("[data-freshness-text]").textContent = live ? "Updates by itself" : "As of loading";
  };
  const soon = () => {
    clearTimeout(settle);
    settle = setTimeout(
      () => refresh(freshness.querySelector("[data-freshness-link]").href).catch(() => show(false)),
      SETTLE_MS,
    );
  };
  const close = () => {
    clearTimeout(retry);
    source?.close();
    source = undefined;
  };
  const open = () => {
    close();
    source = new EventSource(lastId === "" ? "/live" : `/live?after=${encodeURIComponent(lastId)}`);
    source.addEventListener("open", () => {
      show(true);
      // Taken up again without an event to go on from: anything may have happened in between.
      if (opened && lastId === "") soon();
      opened = true;
    });
    source.addEventListener("changed", ({ data, lastEventId }) => {
      lastId = lastEventId;
      const { repositories } = JSON.parse(data);
      if (scope === "" || repositories.length === 0 || repositories.includes(scope)) soon();
    });
    source.addEventListener("error", () => {
      show(false);
      // A refusal ends the source for good; a lost connection it takes up again by itself.
      if (source?.readyState === EventSource.CLOSED) retry = setTimeout(open, RETRY_MS);
    });
  };
  // A browser has few connections to one host: pages that nobody looks at keep none.
  document.addEventListener("visibilitychange", () => {
    if (document.hidden) return close();
    open();
    soon();
  });
  if (!document.hidden) open();
}

offerCopies(document);
const freshness = document.querySelector("[data-freshness]");
if (freshness) follow(freshness, freshness.dataset.freshness);

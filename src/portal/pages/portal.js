// Only adds to pages that work without it.

/** A button beside every line that is there to be pasted elsewhere. */
function offerCopies(root) {
  for (const line of root.querySelectorAll("[data-copy]")) {
    if (line.nextElementSibling?.matches("button.copy")) continue;
    const button = document.createElement("button");
    button.type = "button";
    button.className = "quiet copy";
    button.textContent = "Copy";
    button.addEventListener("click", async () => {
      await navigator.clipboard.writeText(line.textContent.trim());
      announce("Copied.");
      button.textContent = "Copied";
      setTimeout(() => {
        button.textContent = "Copy";
      }, 2000);
    });
    line.after(button);
  }
}

/** Says it to whoever listens to the page instead of looking at it. */
function announce(text) {
  const place = document.getElementById("announcements");
  if (place) place.textContent = text;
}

if (navigator.clipboard) offerCopies(document);

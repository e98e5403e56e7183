/* What the theme leaves unsaid to screen readers: the arrows beside pages that have others below
   them, and the entries of the bibliography. */
for (const arrow of document.querySelectorAll("summary:has(.toctree-toggle)"))
  arrow.ariaLabel = `Pages below ${arrow.parentNode.previousElementSibling.textContent}`;
for (const entry of document.querySelectorAll(".citation-list > .citation"))
  entry.role = "listitem";

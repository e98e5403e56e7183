/* What the theme leaves unsaid to screen readers: the arrows beside pages that have others below
   them, and the entries of the bibliography. */
for (const arrow of document.querySelectorAll("summary:has(.toctree-toggle)"))
  arrow.ariaLabel = `Pages below ${arrow.parentNode.previousElementSibling.textContent}`;
for (const entry of document.querySelectorAll(".citation-list > .citation"))
  entry.role = "listitem";

// A full stop after a formula does not begin a line.
for (const formula of document.querySelectorAll("article span.math")) {
  const after = formula.nextSibling;
  const mark = after?.nodeType === Node.TEXT_NODE && after.data.match(/^[.,;:!?)]+/)?.[0];
  if (!mark) continue;
  after.deleteData(0, mark.length);
  const held = document.createElement("span");
  held.className = "held";
  formula.replaceWith(held);
  held.append(formula, mark);
}

// Where `make pdf` prints all pages as one file, folded code is left out.
document.documentElement.classList.toggle("one-file", location.search === "?one-file");

"""Every letter of a formula is listed: on the page of notation, or at the top of its chapter."""

import re
from pathlib import Path

import nbformat
import pytest
from notebooks import chapter_paths

ROOT = Path(__file__).resolve().parents[2]
CHAPTERS = [path for path in chapter_paths() if path.parent.name != "reference"]
FONTS = "mathcal|mathbb|mathbf|mathsf"
# What is a word in a formula, or a layout, and no letter.
WORDS = re.compile(
    r"\\(?:text|mathrm|operatorname|textbf|textit|begin|end|label|tag|color)\*?\s*\{[^{}]*\}"
)
GREEK = re.compile(
    r"\\((?:var)?(?:alpha|beta|gamma|delta|epsilon|zeta|eta|theta|iota|kappa|lambda|mu|nu|xi|pi|rho"
    r"|sigma|tau|upsilon|phi|chi|psi|omega)|ell"
    r"|Gamma|Delta|Theta|Lambda|Xi|Pi|Sigma|Upsilon|Phi|Psi|Omega)(?![A-Za-z])"
)
LINE = re.compile(r"^\*\*Letters of this chapter\.\*\* (.*)$", re.M)


def formulas(prose):
    """Return what stands between dollars, and in blocks of formulas."""
    prose = re.sub(r"```\{(?!math)[^}]*\}.*?```|```\w+\n.*?```", " ", prose, flags=re.S)
    blocks = re.findall(r"```\{math\}\n(.*?)```", prose, flags=re.S)
    prose = re.sub(r"```\{math\}\n.*?```", " ", prose, flags=re.S)
    blocks += re.findall(r"\$\$(.*?)\$\$", prose, flags=re.S)
    prose = re.sub(r"\$\$.*?\$\$", " ", prose, flags=re.S)
    blocks += re.findall(r"(?<!\\)\$([^$]+)(?<!\\)\$", prose)
    return [re.sub(r"^\s*:label:.*$", "", block, flags=re.M) for block in blocks]


def letters(prose):
    r"""Return the letters of the formulas in a text, such as ``K`` and ``\\mathcal S``."""
    found = set()
    for formula in formulas(prose):
        formula = WORDS.sub(" ", formula)
        for font, letter in re.findall(rf"\\({FONTS})\s*\{{?\s*([A-Za-z])(?![A-Za-z])", formula):
            found.add(rf"\{font} {letter}")
        formula = re.sub(rf"\\({FONTS})\s*(\{{[^{{}}]*\}}|[A-Za-z])", " ", formula)
        found |= {rf"\{name}" for name in GREEK.findall(formula)}
        found |= set(re.findall(r"[A-Za-z]", re.sub(r"\\[A-Za-z]+", " ", formula)))
    return found


def prose_of(path):
    notebook = nbformat.read(path, as_version=4)
    return "\n\n".join(cell.source for cell in notebook.cells if cell.cell_type == "markdown")


def page_of_notation():
    """Return three sets of letters: of the tables, with two meanings, with none of their own."""
    page = (ROOT / "book/reference/notation.md").read_text(encoding="utf-8")
    tables = "\n".join(re.findall(r"^\| ([^|]*\$[^|]*) \|", page.replace(r"\|", ""), flags=re.M))
    two = re.search(r"^\*\*Letters with two meanings\.\*\* (.*?)\n\n", page, flags=re.M | re.S)[1]
    free = re.search(
        r"^\*\*Letters without a meaning of their own\.\*\* (.*?)\n\n", page, flags=re.M | re.S
    )[1]
    return letters(tables), letters(re.sub(r"\([^)]*\)", "", two)), letters(free)


def local_letters(prose):
    """Return the letters that a chapter lists as its own."""
    lines = LINE.findall(prose)
    assert len(lines) == 1, "one line '**Letters of this chapter.** $D$, the distance; ...'"
    return letters("\n".join(re.findall(r"(?:^|; )((?:\$[^$]+\$(?:, | and )?)+)", lines[0])))


def test_letters_are_found():
    assert letters(r"a $K_{ij} = \tfrac12 \ln \cosh \kappa$, and $\mathsf T^N$") == set(
        ["K", "i", "j", r"\kappa", r"\mathsf T", "N"]
    )
    assert letters(r"$\mathcal T_\lambda(s) = \sigma_j$") == {
        r"\mathcal T",
        r"\lambda",
        "s",
        r"\sigma",
        "j",
    }
    assert letters("```{math}\n:label: eq-x\n\\text{no} + P_\\text{data}\n```") == {"P"}
    assert letters("$$E = \\mathcal{M}\n$$ and `$no$`") >= {"E", r"\mathcal M"}
    line = "**Letters of this chapter.** $D$, distance of $x$; $\\Delta$ and $\\delta$, gaps."
    assert local_letters(line) == {"D", r"\Delta", r"\delta"}


def test_the_page_of_notation_is_read():
    listed, two, free = page_of_notation()
    assert {"K", "s", r"\mathcal S", r"\mathsf T", r"\kappa"} <= listed
    assert {"h", "t", r"\lambda", r"\sigma"} <= two
    assert {"i", "x", "e"} <= free
    assert not free & {"K", "W", "D"}


@pytest.mark.parametrize("path", CHAPTERS, ids=lambda path: path.stem)
def test_every_letter_of_a_formula_is_listed(path):
    listed, two, free = page_of_notation()
    prose = prose_of(path)
    own = local_letters(prose)
    used = letters(LINE.sub("", prose))
    assert not used - listed - two - free - own, "list them at the top, or rename them"
    assert not own - used, "listed at the top, and used nowhere"
    assert not own & listed - two - free, "these mean something else on the page of notation"

"""Pages of the reference: what they say agrees with where it comes from."""

import re
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
# Articles that nobody has given an address, or whose address we could not confirm.
NO_ADDRESS = {
    "migdal1975": "Soviet Physics JETP has no numbers",
    "dykhne1971": "Soviet Physics JETP has no numbers",
    "stratonovich1957": "Soviet Physics Doklady has no numbers",
    "barker1965": "its number is not confirmed",
    "bernasconi1978": "its number is not confirmed",
    "grassberger1995": "its number is not confirmed",
    "keller1964": "its number is not confirmed",
    "maris1978": "its number is not confirmed",
    "nelson1975": "its number is not confirmed",
    "taut1994": "its number is not confirmed",
}
DOI = re.compile(r"10\.\d{4,5}/[^\s{}\\]+")
EPRINT = re.compile(r"\d{4}\.\d{4,5}|[a-z-]+/\d{7}")


def page(name):
    return (ROOT / f"book/reference/{name}.md").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def bibliography():
    database = pytest.importorskip("pybtex.database")
    return database.parse_file(str(ROOT / "book/references.bib")).entries


def test_every_article_can_be_found_by_a_number(bibliography):
    articles = {key: entry.fields for key, entry in bibliography.items() if entry.type == "article"}
    without = {key for key, fields in articles.items() if not {"doi", "eprint"} & set(fields)}
    assert without == set(NO_ADDRESS)


def test_numbers_of_works_have_their_form_and_stand_where_they_become_links(bibliography):
    numbers = [entry.fields.get("doi") for entry in bibliography.values()]
    dois = [number for number in numbers if number]
    assert all(DOI.fullmatch(number) for number in dois)
    assert len(dois) == len({number.lower() for number in dois}) > 100
    for key, entry in bibliography.items():
        assert EPRINT.fullmatch(entry.fields.get("eprint", "0000.00000")), key
        others = [value for field, value in entry.fields.items() if field not in ("doi", "url")]
        assert not re.search(r"arxiv:|doi\.org|https?:", " ".join(others), re.I), key


def test_numbers_of_the_physical_review_name_the_volume_and_the_page(bibliography):
    pattern = re.compile(r"10\.1103/(?:Phys|RevMod)\w+\.(\d+)\.(\w+)")
    found = 0
    for key, entry in bibliography.items():
        if match := pattern.fullmatch(entry.fields.get("doi", "")):
            first = entry.fields["pages"].split("--")[0]
            assert match.groups() == (entry.fields["volume"], first), key
            found += 1
    assert found > 40


def test_the_bibtex_entry_says_what_the_citation_file_says():
    database = pytest.importorskip("pybtex.database")
    source = re.search(r"```bibtex\n(.*?)```", page("cite"), re.S)[1]
    (entry,) = database.parse_string(source, "bibtex").entries.values()
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))
    config = yaml.safe_load((ROOT / "_config.yml").read_text(encoding="utf-8"))

    def plain(text):
        return re.sub("[{}]", "", text)

    assert plain(entry.fields["title"]) == citation["title"]
    names = [plain(" ".join(person.last_names)) for person in entry.persons["author"]]
    assert names == [author["name"] for author in citation["authors"]] == [config["author"]]
    assert entry.fields["year"] == config["copyright"]


def test_ten_lectures_fill_their_time_and_give_homework():
    plan = re.search(r"^## Ten lectures\n(.*?)^## ", page("teach"), re.M | re.S)[1]
    lectures = re.split(r"^### \d+\. ", plan, flags=re.M)[1:]
    assert len(lectures) == 10
    for lecture in lectures:
        assert sum(map(int, re.findall(r"\*(\d+) min:\*", lecture))) == 90, lecture
        for part in ("*Leave out:*", "*What goes wrong:*", "*Stop at:*", "```{statements} "):
            assert part in lecture, (part, lecture)


def test_the_plan_names_the_marks_and_exercises_that_there_are():
    pytest.importorskip("sphinx")
    from notebooks import chapter_paths
    from statements import MARKS, lists

    wanted = re.findall(r"\{statements\} (.*)", page("teach"))
    assert wanted[-3:] == list(MARKS)
    for words in wanted[:-3]:
        assert "".join(lists(chapter_paths(), set(words.split()))).count("{ref}") >= 4

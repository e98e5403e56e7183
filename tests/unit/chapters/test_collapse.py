import json
import re

import numpy as np
import pytest

pytest.importorskip("matplotlib")
pytest.importorskip("IPython")

DATA = {
    "log_quantity": [0.0, 1.0, 2.0, 3.0],
    "log_scale": [0.0, 0.0, 2.0, 2.0],
    "log_variable": [0.0, 1.0, 0.25, 1.5],
    "curve": [0, 0, 1, 1],
    "names": ["ln q", "ln s", "ln v"],
    "a": (-1, 2),
    "b": (-2, 3),
    "alt": "two lines, one <above>",
}


def test_the_figure_holds_its_data_and_fetches_nothing():
    from rgrbm.chapters import collapse
    from rgrbm.dynamics import collapse_score

    page = collapse(**DATA).data
    data = json.loads(re.search(r'<script type="application/json">(.*?)</script>', page)[1])
    columns = [DATA[name] for name in ("log_scale", "log_variable", "log_quantity")]
    np.testing.assert_array_equal(data["points"], np.transpose(columns))
    assert data["curves"] == DATA["curve"]
    assert data["names"] == DATA["names"]
    assert 'aria-label="two lines, one &lt;above&gt;"' in page
    assert re.findall(r'min="(.*?)" max="(.*?)"', page) == [("-1.0", "2.0"), ("-2.0", "3.0")]
    score, overlap = collapse_score(DATA["log_quantity"], DATA["log_variable"], DATA["curve"])
    assert f"score <output>{score:.3f}</output>, overlap <output>{overlap:.2f}</output>" in page
    assert not re.search(r"https?://(?!www\.w3\.org)", page)


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("names", (None, "abc", ["a", "b"], ["a", "b", 3], ["a", "b", " "])),
        ("a", (None, (1, 2), (-1, 0), (0, 1), (1, -1), (-1, 1, 2), (-1, float("nan")))),
        ("b", (None, (1, 2), (-1, 0), (0, 1), (1, -1), (-1, 1, 2), (-1, float("nan")))),
        ("alt", (None, 3, "", "  ", ["x"])),
        ("log_quantity", (None, [1.0], [[0.0]], [0.0, 1.0, 2.0, float("inf")])),
        ("log_scale", (None, [1.0], [0.0, 1.0, 2.0, float("inf")])),
        ("log_variable", (None, [1.0], [0.0, 1.0, 2.0, float("inf")])),
        ("curve", (None, [1], [0, 0, 1, -1], [0.5, 0, 1, 1])),
    ],
)
def test_bad_input_is_refused(name, values):
    from rgrbm.chapters import collapse

    for value in values:
        with pytest.raises((ValueError, TypeError), match=f"({name}|log_scale|curve) must"):
            collapse(**DATA | {name: value})


def test_words_in_the_data_do_not_end_the_script():
    from rgrbm.chapters import collapse

    page = collapse(**DATA | {"names": ["</script>", "ln s", "ln v"]}).data
    assert page.count("</script>") == 2

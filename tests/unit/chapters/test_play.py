import json
import re

import numpy as np
import pytest

pytest.importorskip("matplotlib")
pytest.importorskip("IPython")

DATA = {"points": np.eye(3), "names": ["</script>"], "n": np.int64(3)}


def test_a_page_holds_its_data_and_fetches_nothing():
    from rgrbm.chapters import play

    page = play("collapse", DATA, alt="two lines, one <above>").data
    found = re.search(r'<script type="application/json">(.*?)</script>', page)[1]
    assert json.loads(found) == {"points": np.eye(3).tolist(), "names": ["</script>"], "n": 3}
    assert 'aria-label="two lines, one &lt;above&gt;"' in page
    assert page.count("</script>") == 2
    assert not re.search(r"https?://(?!www\.w3\.org)", page)
    assert page == play("collapse", DATA, alt="two lines, one <above>").data


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("figure", (None, 3, "", "kit", "../figures/collapse", "nothing")),
        ("alt", (None, 3, "", "  ", ["x"])),
        ("data", ({"x": float("nan")}, {"x": np.array([np.inf])}, {"x": object()}, {(1,): 2})),
    ],
)
def test_bad_input_is_refused(name, values):
    from rgrbm.chapters import play

    for value in values:
        with pytest.raises((ValueError, TypeError), match=f"^{name} must"):
            play(**{"figure": "collapse", "data": DATA, "alt": "lines", name: value})

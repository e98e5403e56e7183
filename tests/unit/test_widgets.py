import re

import pytest

pytest.importorskip("matplotlib")
pytest.importorskip("IPython")


def test_a_player_holds_all_frames_and_fetches_nothing():
    from matplotlib import pyplot

    from rgrbm.widgets import animate

    drawn = []

    def draw(figure, frame):
        drawn.append(frame)
        figure.gca().plot([0, frame])

    player = animate(draw, [3, 5, 7], alt='slopes "rising"').data
    assert {3, 5, 7} <= set(drawn)
    assert len(re.findall(r"frames\[\d+\] = ", player)) == 3
    assert 'aria-label="slopes &quot;rising&quot;"' in player
    assert not re.search(r"https?://(?!www\.w3\.org)", player)
    assert pyplot.get_fignums() == []

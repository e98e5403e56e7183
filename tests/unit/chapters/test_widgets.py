import re

import pytest

pytest.importorskip("matplotlib")
pytest.importorskip("IPython")


def test_bad_input_is_refused_and_no_figure_is_left():
    from matplotlib import pyplot

    from rgrbm.chapters import animate

    def fail(figure, frame):
        raise RuntimeError("cannot draw")

    for frames, alt, message in [([], "a line", "frames must"), ([1], "", "alt must")]:
        with pytest.raises(ValueError, match=message):
            animate(fail, frames, alt=alt)
    with pytest.raises(RuntimeError, match="cannot draw"):
        animate(fail, [1], alt="nothing")
    assert pyplot.get_fignums() == []


def test_a_player_holds_all_frames_and_fetches_nothing():
    from matplotlib import pyplot

    from rgrbm.chapters import animate

    drawn = []

    def draw(figure, frame):
        drawn.append(frame)
        figure.gca().plot([0, frame])

    player = animate(draw, [3, 5, 7], alt='slopes "rising"').data
    assert drawn == [3, 5, 7]
    assert len(re.findall(r"frames\[\d+\] = ", player)) == 3
    assert 'aria-label="slopes &quot;rising&quot;"' in player
    assert not re.search(r"https?://(?!www\.w3\.org)", player)
    assert pyplot.get_fignums() == []

import base64
import re
import struct

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


class NoIterable:
    def __repr__(self):
        raise ZeroDivisionError


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("draw", (None, 3, "draw", NoIterable())),
        ("frames", (None, 3, [], (), NoIterable())),
        ("alt", (None, 3, "", "  ", ["x"], NoIterable())),
        ("figsize", (None, 3, (1,), (1, 2, 3), (1, -1), (0, 1), (1, float("nan")), "ab", (1, 1e9))),
        ("interval", (None, 0, -1, 1.5, "1", True, 2**60)),
    ],
)
def test_all_is_checked_before_anything_is_drawn(name, values):
    from matplotlib import pyplot

    from rgrbm.chapters import animate

    def draw(figure, frame):
        raise AssertionError("it was drawn")

    for value in values:
        with pytest.raises((ValueError, TypeError), match=f"^{name} must"):
            animate(**{"draw": draw, "frames": [1], "alt": "a line", name: value})
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
    assert player.count('type="range" aria-label="frame"') == 1
    assert re.findall(r"<img [^>]*>", player)[0].startswith('<img alt=""')
    assert len(re.findall("<img ", player)) == 1
    assert not re.search(r"https?://(?!www\.w3\.org)", player)
    assert pyplot.get_fignums() == []


def test_frames_have_their_size_and_their_time():
    from rgrbm.chapters import animate

    def draw(figure, frame):
        figure.gca().plot([0, frame])

    player = animate(draw, [1, 2], alt="a line", figsize=(3, 2), interval=250).data
    pictures = re.findall(r'base64,([^"]+)"', player)
    sizes = [struct.unpack(">II", base64.b64decode(picture)[16:24]) for picture in pictures]
    assert sizes == [(420, 280), (420, 280)]  # 140 dots an inch
    (interval,) = re.findall(r"new Animation\(frames, img_id, slider_id, ([\d.]+),", player)
    assert float(interval) == 250
    assert "checked" in re.search(r'value="once"[^>]*', player)[0]

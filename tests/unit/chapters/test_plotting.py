"""Figures: what all of them share."""

import matplotlib.pyplot as plt
import numpy as np
import pytest

from rgrbm.chapters import exact_line, points, show_images
from rgrbm.estimate import Estimate


def test_all_images_share_one_scale():
    figure = show_images([[0, 0, 0, 0], [1, 1, 1, 1]], columns=2, titles=["blank"])
    assert [ax.images[0].get_clim() for ax in figure.axes] == [(0, 1), (0, 1)]
    assert figure.axes[0].get_title() == "blank"
    plt.close(figure)


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("images", (np.ones((2, 5)), np.ones(4), np.ones((0, 4)), [[0, 1], [1]], None, "x", 3,
                    np.full((1, 4), np.nan), np.ma.ones((1, 4)), [np.ma.ones(4)], [[1j] * 4])),
        ("columns", (0, -1, 2.0, None, "2", True, 2**53, np.ones(2))),
        ("size", (0, -1, np.nan, np.inf, None, "1", 1e9, [1.0])),
        ("titles", ("text", 3, None, [1], [None], np.ones(2))),
    ],
)  # fmt: skip
def test_bad_images_are_refused_before_a_figure_is_made(name, values):
    for value in values:
        with pytest.raises((ValueError, TypeError), match=f"^{name} must"):
            show_images(**{"images": np.ones((2, 4)), name: value})
        assert plt.get_fignums() == []


def test_no_figure_is_left_where_drawing_fails():
    with pytest.raises(ValueError, match="no such map"):
        show_images(np.ones((2, 4)), cmap="no such map")
    assert plt.get_fignums() == []


def test_titles_may_come_from_a_generator():
    figure = show_images(np.ones((2, 4)), titles=(name for name in "ab"))
    assert [ax.get_title() for ax in figure.axes[:2]] == ["a", "b"]
    plt.close(figure)


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda ax: exact_line(None, 1), TypeError, "ax must be Axes of matplotlib, got None"),
        (lambda ax: exact_line(ax, "x"), TypeError, "where must be"),
        (lambda ax: exact_line(ax, [1, 2]), ValueError, "where must be a single number"),
        (lambda ax: exact_line(ax, np.nan), ValueError, "where must be finite"),
        (lambda ax: exact_line(ax, [1, 2], [1]), ValueError, "where must be x and y of one length"),
        (lambda ax: exact_line(ax, [[1]], [[1]]), ValueError, "where must be x and y of one"),
        (lambda ax: exact_line(ax, [1, [2]], [1, 2]), ValueError, r"where\[0\] must be a rect"),
        (lambda ax: exact_line(ax, [1], [None]), TypeError, r"where\[1\] must be"),
        (lambda ax: points(None, [1], Estimate([1], [1])), TypeError, "ax must be Axes"),
        (lambda ax: points(ax, [1], ([1], [1])), TypeError, "estimate must be an Estimate"),
        (lambda ax: points(ax, [1, 2], Estimate([1], [1])), ValueError, "x must have the shape"),
    ],
)
def test_bad_lines_and_points_are_refused(call, error, message):
    figure, ax = plt.subplots()
    with pytest.raises(error, match=message):
        call(ax)
    assert not ax.lines
    plt.close(figure)


def test_what_is_exact_is_a_thin_black_line():
    _, ax = plt.subplots()
    level = exact_line(ax, 0.5, label="exact")
    curve = exact_line(ax, [0, 1, 2], [3, 4, 5], linestyle=":")
    assert [level.get_color(), curve.get_color()] == ["black", "black"]
    assert level.get_linewidth() == curve.get_linewidth() == 1
    assert (level.get_linestyle(), curve.get_linestyle()) == ("--", ":")
    assert level.get_label() == "exact"
    assert set(level.get_ydata()) == {0.5}
    assert curve.get_ydata().tolist() == [3, 4, 5]
    with pytest.raises(TypeError, match="where must be a height, or x and y, got 3 arguments"):
        exact_line(ax, 1, 2, 3)
    plt.close()


def test_points_carry_their_errors():
    _, ax = plt.subplots()
    container = points(
        ax, [1, 2], Estimate(np.array([5.0, 7.0]), np.array([0.5, 0.25])), color="C2"
    )
    dots, _, (bars,) = container
    assert dots.get_ydata().tolist() == [5, 7]
    assert dots.get_linestyle() == "None"
    heights = [np.ptp(segment[:, 1]) for segment in bars.get_segments()]
    assert heights == [1.0, 0.5]
    plt.close()

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
    ("images", "columns", "error"),
    [
        (np.ones((2, 5)), 2, ValueError),
        (np.ones(4), 2, ValueError),
        (np.ones((0, 4)), 2, ValueError),
        (np.ones((2, 4)), 0, ValueError),
        (np.ones((2, 4)), 2.0, TypeError),
    ],
)
def test_bad_images_are_refused_before_a_figure_is_made(images, columns, error):
    with pytest.raises(error, match=r"(images|columns) must"):
        show_images(images, columns=columns)
    assert plt.get_fignums() == []


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

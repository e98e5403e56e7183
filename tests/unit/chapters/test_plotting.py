import numpy as np
import pytest

pyplot = pytest.importorskip("matplotlib.pyplot")


def test_all_images_share_one_scale():
    from rgrbm.chapters import show_images

    figure = show_images([[0, 0, 0, 0], [1, 1, 1, 1]], columns=2, titles=["blank"])
    assert [ax.images[0].get_clim() for ax in figure.axes] == [(0, 1), (0, 1)]
    assert figure.axes[0].get_title() == "blank"
    pyplot.close(figure)


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
    from rgrbm.chapters import show_images

    with pytest.raises(error, match=r"(images|columns) must"):
        show_images(images, columns=columns)
    assert pyplot.get_fignums() == []

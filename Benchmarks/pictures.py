"""How the pictures of these folders look: legible on light and dark pages, and the same bytes each
time. Needs matplotlib.

SPDX-License-Identifier: MIT
"""


def subplots(columns: int, size: tuple[float, float]):
    """A figure of `size` inches and its axes beside each other; of one column the axis itself."""
    import matplotlib

    matplotlib.use("svg")
    from matplotlib import pyplot

    gray = "#808890"
    pyplot.rcParams.update({
        "text.color": gray, "axes.labelcolor": gray, "axes.edgecolor": gray, "xtick.color": gray,
        "ytick.color": gray, "font.size": 9, "svg.hashsalt": "growth"})
    return pyplot.subplots(1, columns, figsize=size, layout="constrained")


def save(figure, path) -> None:
    """Writes a figure as SVG."""
    figure.savefig(path, transparent=True, metadata={"Date": None})

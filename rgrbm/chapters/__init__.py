"""What chapters share: figures, numbers in the text, threads, and the paper's experiment."""

from rgrbm.chapters.browser_figures import play
from rgrbm.chapters.case_study import LearnedRing, learn_ring, refit, ring_bits
from rgrbm.chapters.notes import note
from rgrbm.chapters.plotting import COLORS, exact_line, points, show_images, use_style
from rgrbm.chapters.slow import store_result
from rgrbm.chapters.threads import N_THREADS, in_threads
from rgrbm.chapters.widgets import animate

__all__ = [
    "COLORS",
    "N_THREADS",
    "LearnedRing",
    "animate",
    "exact_line",
    "in_threads",
    "learn_ring",
    "note",
    "play",
    "points",
    "refit",
    "ring_bits",
    "show_images",
    "store_result",
    "use_style",
]

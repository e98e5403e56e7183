"""Maximum entropy on several scales at once, solved by a renormalization group."""

__all__ = []

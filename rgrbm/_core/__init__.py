"""What the doors share: checks, numbers, files, compilation. Nothing here is public."""

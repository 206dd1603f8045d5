"""What is asked of a reading in many tests."""


def notices(reading):
    """Return the path, line and message of each notice."""
    return [(notice.path, notice.line, notice.message) for notice in reading.coverage.notices]

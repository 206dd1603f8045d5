"""From paths to a Project: the only place that reads what is linted."""

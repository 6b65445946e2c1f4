"""run → table, plots, report: what every family is worth on unseen speakers."""

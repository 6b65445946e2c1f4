"""What every family is worth on speakers it never heard: metrics, intervals, the table and its report."""

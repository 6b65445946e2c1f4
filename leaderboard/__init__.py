"""What every family is worth on speakers it unseen: metrics, intervals, the table and its report."""

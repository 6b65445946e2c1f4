"""predictions → numbers: the table of predictions, scores, intervals, calibration, abstention."""

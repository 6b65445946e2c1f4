"""who learns from whom: speaker folds, the dataset, held-out and inner evaluation, ensembles."""

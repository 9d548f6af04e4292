"""What a model is worth: baselines, figures with their uncertainty, the report."""

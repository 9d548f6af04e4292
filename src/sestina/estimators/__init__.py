"""Estimators with scikit-learn's manners: fit, predict, score, save."""

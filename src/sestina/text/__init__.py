"""Texts → tokens → ids."""

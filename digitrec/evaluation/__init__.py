"""How good predictions are, from plain arrays: metrics, calibration, label errors, robustness, saliency."""

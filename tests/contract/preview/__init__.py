"""Preview equals effect: what `test_preview_equals_effect.py` is made of."""

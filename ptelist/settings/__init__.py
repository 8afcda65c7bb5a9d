"""From presets and options to scenarios: values and axes, what lies over what, what must hold between fields."""

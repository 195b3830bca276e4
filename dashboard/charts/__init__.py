"""Charts: values in, a Vega-Lite specification out. Each is cached by everything it shows."""

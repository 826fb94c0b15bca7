"""How many requests come: traces, rates, forecasts, measurements."""

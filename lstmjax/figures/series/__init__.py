"""Pictures of forecast series: single forecasts with their bands, and whole backtests."""

"""Reports: named figures of a period, the formulas behind them, and the calls behind each figure."""

"""Reports as files: CSV, Excel, Parquet, JSON, PDF; and as a table in the terminal."""

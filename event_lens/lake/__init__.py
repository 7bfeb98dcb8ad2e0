"""The public tables as Parquet files per project and day, for other programs and for clients without a warehouse."""

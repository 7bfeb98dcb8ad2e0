"""The public tables as Parquet files by project and day, for other programs and for a client without a warehouse."""

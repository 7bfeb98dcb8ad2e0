"""The query layer: typed questions over the modelled tables, their HTTP interface, and a client for notebooks."""

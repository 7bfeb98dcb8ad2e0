"""The page for people: its files, the addresses that open it signed in, and the sessions of the people who are signed
in.
"""

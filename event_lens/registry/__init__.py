"""The registry: projects and their settings, clients (keys), salts and definitions, in a relational database."""

"""The registry: projects and their settings, clients (keys), salts and funnel definitions, in a relational database."""

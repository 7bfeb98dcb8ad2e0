"""Loading: brings sealed segments into `lens_raw`, each once."""

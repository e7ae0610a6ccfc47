"""Fetching pinned files: from package registries through their own clients, and from the model hub."""

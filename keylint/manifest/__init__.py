"""TOML text → values with exact positions → schema-checked → Manifest."""

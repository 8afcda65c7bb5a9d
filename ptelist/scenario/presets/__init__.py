"""Named TOML files that set fields: shipped with the package, or the user's own."""

"""The programs that race, one module each: VERSIONS, `use_threads`, `prepare`."""

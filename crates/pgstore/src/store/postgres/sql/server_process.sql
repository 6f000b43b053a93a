-- The number of the server process that executes this.
SELECT pg_catalog.pg_backend_pid()

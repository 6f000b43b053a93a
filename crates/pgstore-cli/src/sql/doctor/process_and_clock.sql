-- The process that executes this, and its clock.
SELECT pg_catalog.pg_backend_pid(), pg_catalog.clock_timestamp()

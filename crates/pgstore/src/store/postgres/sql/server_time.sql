-- The one statement that asks for the server's clock: to compare it with ours.
SELECT pg_catalog.clock_timestamp()

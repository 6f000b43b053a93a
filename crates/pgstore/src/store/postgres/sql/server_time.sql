-- Reads the server's clock, to compare it with this machine's. No other statement does.
SELECT pg_catalog.clock_timestamp()

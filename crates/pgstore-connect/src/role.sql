-- Whether this is a standby, and whether transactions can write ("on" when they cannot).
SELECT pg_catalog.pg_is_in_recovery(), pg_catalog.current_setting('transaction_read_only');

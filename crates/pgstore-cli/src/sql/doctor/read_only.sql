-- Whether transactions of this role are read-only although the server is a primary.
SELECT format('transactions of the user %I are read-only (default_transaction_read_only, set by: %s)',
              current_user, s.source),
       CASE s.source
            WHEN 'client' THEN 'take default_transaction_read_only out of the connection string or PGOPTIONS'
            WHEN 'database' THEN format('ALTER DATABASE %I RESET default_transaction_read_only',
                                        current_database())
            ELSE format('ALTER ROLE %I SET default_transaction_read_only = off', current_user) END
  FROM pg_catalog.pg_settings AS s
 WHERE s.name = 'default_transaction_read_only'
   AND s.setting = 'on'
   AND NOT pg_catalog.pg_is_in_recovery()

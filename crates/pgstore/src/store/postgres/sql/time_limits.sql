-- What a role or a database may set to limit how long statements and transactions take. Servers before
-- PostgreSQL 17 do not have all of it.
SELECT name
  FROM pg_settings
 WHERE name IN ('lock_timeout', 'statement_timeout', 'transaction_timeout')

-- Whether a row has no key. No session leads to it. The 1 is for a table that another migrator has just
-- distributed: Citus has no rows without columns.
SELECT EXISTS (SELECT 1 FROM http_sessions WHERE key IS NULL)

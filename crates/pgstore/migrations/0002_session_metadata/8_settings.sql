-- Most saves change no indexed column. PostgreSQL then writes the new version into the row's page, if
-- that has space, and no index. So pages keep space, and vacuum comes before a large table has
-- millions of dead rows. Settings that the table has already stay as they are.
ALTER TABLE http_sessions SET (fillfactor = 80, autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_insert_scale_factor = 0.05)

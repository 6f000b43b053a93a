-- Keys with several rows, and keys that are no ID (52 characters), in $1 per cent of the table's pages.
SELECT format('%s rows have the key of another row; the newest one counts (Go''s pgstore makes such rows)',
              count(*)),
       format('nothing has to be done, as loads remove older ones; to remove all of them now: DELETE FROM '
              '%1$s AS older USING %1$s AS newer WHERE older.key = newer.key AND (older.modified_on, '
              'older.id) < (newer.modified_on, newer.id)', pg_catalog.to_regclass('http_sessions'))
  FROM http_sessions AS row TABLESAMPLE SYSTEM ($1)
 WHERE EXISTS (SELECT FROM http_sessions AS other WHERE other.key = row.key AND other.id <> row.id)
HAVING count(*) > 0
UNION ALL
SELECT format('%s rows have a key that is no session ID: no cookie leads to them', count(*)),
       format('find out who writes them; then DELETE FROM %s WHERE octet_length(key) IS DISTINCT FROM 52',
              pg_catalog.to_regclass('http_sessions'))
  FROM http_sessions TABLESAMPLE SYSTEM ($1)
 WHERE octet_length(key) IS DISTINCT FROM 52
HAVING count(*) > 0

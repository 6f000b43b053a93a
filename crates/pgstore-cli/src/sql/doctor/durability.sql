-- Settings with which a crash of the server undoes saves and logouts that were acknowledged.
SELECT format('%s is off: a crash of the server %s', s.name, wanted.harm),
       CASE s.name
            WHEN 'synchronous_commit' THEN format('ALTER ROLE %I SET synchronous_commit = on', current_user)
            ELSE format('%s = on in postgresql.conf', s.name) END
  FROM (VALUES ('synchronous_commit', 'undoes the last saves and logouts'),
               ('fsync', 'may destroy the database'),
               ('full_page_writes', 'may destroy the database'))
       AS wanted (name, harm)
  JOIN pg_catalog.pg_settings AS s ON s.name = wanted.name AND s.setting = 'off'
 ORDER BY s.name DESC

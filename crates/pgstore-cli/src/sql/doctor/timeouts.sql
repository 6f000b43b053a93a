-- Settings that end statements or connections of this role too early. Values are in milliseconds. The
-- CASE keeps the cast from other settings, whose values are no numbers.
SELECT format('%s is %s ms for the user %I: %s', s.name, s.setting, current_user, wanted.harm),
       format('ALTER ROLE %I SET %s = %L', current_user, s.name, wanted.good)
  FROM (VALUES ('statement_timeout', 1000, '5s', 'slow statements fail that would succeed'),
               ('transaction_timeout', 1000, '5s', 'slow statements fail that would succeed'),
               ('idle_session_timeout', 60000, '10min', 'the store connects again and again'))
       AS wanted (name, least, good, harm)
  JOIN pg_catalog.pg_settings AS s ON s.name = wanted.name
 WHERE CASE WHEN s.unit = 'ms' THEN s.setting::bigint END BETWEEN 1 AND wanted.least - 1

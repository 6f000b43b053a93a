-- Counts the sessions in a part of the table's pages ($1: per cent of them). $2: now; $3 and $4: the
-- times before which a sweep removes what has expired, and what ended with its browser and was idle.
-- $5: the bounds of the histogram of live sessions by their last use, in seconds; there are five.
WITH sampled AS (
    SELECT id, key, modified_on, expires_on, owner, saved_on,
           (expires_on <= modified_on) IS TRUE AS ends_with_browser,
           expires_on > $2 OR (expires_on <= modified_on AND modified_on >= $4) AS is_live,
           expires_on < $3 AND ((expires_on <= modified_on) IS NOT TRUE OR modified_on < $4) AS is_due,
           CASE WHEN isfinite(modified_on)
                THEN width_bucket(extract(epoch FROM $2 - modified_on)::float8, $5) END AS bucket
      FROM http_sessions TABLESAMPLE SYSTEM ($1)
)
SELECT count(*) AS rows,
       count(*) FILTER (WHERE is_live) AS live,
       count(*) FILTER (WHERE is_live AND ends_with_browser) AS of_browsers,
       count(*) FILTER (WHERE is_live AND owner IS NOT NULL) AS owned,
       count(*) FILTER (WHERE NOT is_live) AS expired,
       count(*) FILTER (WHERE is_due) AS due,
       extract(epoch FROM $2 - min(expires_on)
           FILTER (WHERE is_due AND NOT ends_with_browser AND isfinite(expires_on)))::float8 AS oldest_due,
       count(*) FILTER (WHERE is_live IS NULL) AS unreadable,
       count(*) FILTER (WHERE saved_on IS DISTINCT FROM modified_on) AS peer_written,
       count(*) FILTER (WHERE EXISTS (
           SELECT
             FROM http_sessions AS other
            WHERE other.key = sampled.key
              AND other.id <> sampled.id)) AS sharing_keys,
       ARRAY[count(*) FILTER (WHERE is_live AND bucket = 0),
             count(*) FILTER (WHERE is_live AND bucket = 1),
             count(*) FILTER (WHERE is_live AND bucket = 2),
             count(*) FILTER (WHERE is_live AND bucket = 3),
             count(*) FILTER (WHERE is_live AND bucket = 4),
             count(*) FILTER (WHERE is_live AND bucket = 5)] AS last_used
  FROM sampled

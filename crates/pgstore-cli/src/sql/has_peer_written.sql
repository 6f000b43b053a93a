-- Whether another program wrote a row last, as far as the first $1 candidates tell. The index
-- http_sessions_peer_written_idx has the candidates.
SELECT EXISTS (
    SELECT
      FROM (SELECT saved_on, modified_on
              FROM http_sessions
             WHERE saved_expires_on IS DISTINCT FROM expires_on
             ORDER BY id
             LIMIT $1) AS candidate
     WHERE saved_on IS DISTINCT FROM modified_on)

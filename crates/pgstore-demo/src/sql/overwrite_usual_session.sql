-- Writes back the session as the request has it. Only `requests`, for which the page compares, is counted on.
INSERT INTO pgstore_demo_usual_sessions AS usual (id, changes, requests)
VALUES ($1, $2, 1)
ON CONFLICT (id) DO UPDATE SET changes = excluded.changes, requests = usual.requests + 1

DELETE FROM pgstore_demo_usual_sessions AS usual
WHERE NOT EXISTS (SELECT FROM http_sessions WHERE handle = usual.id)
